/** Sets `key` as the newest entry of `map`, and drops the oldest entry if there are more than `most`. */
export function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): void {
  // Deleting first moves the key to the end: a map is in order of insertion.
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value!);
}

/** Computes the SHA-256 of `bytes`, in hex. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  // Engines of 2025 and before have no toHex().
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

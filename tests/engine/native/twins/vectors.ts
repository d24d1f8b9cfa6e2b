/** Draws calls of the kernels of kernels/assembly/vectors. */
import { MAX_SHARDS } from "../../../../lib/engine/simd/memory/scratch.ts";
import type { Room } from "../room.ts";
import type { Twins } from "../twin.ts";

const STACK_BYTES = 1024 * (2 + Math.log2(MAX_SHARDS));

/** Draws the constants of Adam's formula. */
function formula(room: Room) {
  return {
    oneMinusBeta1: Math.fround(0.1),
    beta2: Math.fround(0.999),
    oneMinusBeta2: Math.fround(0.001),
    rate: Math.fround(0.01 * (1 + room.draw(100))),
    rootCorrection: Math.fround(1 + room.draw(30)),
    epsilon: Math.fround(1e-8),
    kept: room.flag() ? 1 : Math.fround(0.99),
  };
}

/** Allocates the vectors of a step, of `count` elements each, in place half of the time. */
function step(room: Room, count: number, isInPlace: number) {
  const [fromW, fromM, fromV] = [room.floats(count), room.floats(count), room.between(count, 0, 2)];
  const [intoW, intoM, intoV] = isInPlace
    ? [fromW, fromM, fromV]
    : [room.floats(count), room.floats(count), room.floats(count)];
  return { fromW, fromM, fromV, intoW, intoM, intoV, spare: room.scratch(112) };
}

/** Allocates a list of `shards` vectors, and their weights. */
function shardVectors(room: Room, shards: number, count: number) {
  return {
    vectors: room.ints(Array.from({ length: shards }, () => room.floats(count))),
    coefficients: room.between(shards, 0, 1),
  };
}

/** Allocates, for each shard, which rows have the stamp 7. */
function stampsOf(room: Room, shards: number, height: number): number {
  return room.ints(Array.from({ length: shards }, () => {
    const share = room.from(1, 4);
    return room.ints(Array.from({ length: height }, () => room.draw(share) === 0 ? 7 : 6));
  }));
}

/** Draws some of `height` rows, each once, in order half of the time. */
function someRows(room: Room, height: number): number[] {
  const rows = Array.from({ length: height }, (_, row) => row).filter(() => room.draw(3) > 0);
  return room.flag() ? rows : rows.reverse();
}

/** Draws a mean of steps over shards. */
function mean(room: Room, shards: number, count: number) {
  const { vectors, coefficients } = shardVectors(room, shards, count);
  return {
    ...formula(room),
    ...step(room, count, 0),
    gradients: vectors,
    coefficients,
    scales: room.between(shards, 0, 1),
    shards,
    count,
    replicas: room.scratch(3 * Math.max(8192, 64 * shards)),
    pointers: room.scratch(12 * shards),
    stack: room.scratch(STACK_BYTES),
  };
}

const shardsOf = (room: Room) => room.draw(4) === 0 ? room.from(5, 40) : room.from(1, 9);

export const vectorTwins: Twins = {
  squaredNorm(room) {
    const count = room.from(0, 300), from = room.floats(count);
    return (kernels) => kernels.squaredNorm(from, count);
  },

  squaredNormRows(room) {
    const height = room.from(1, 20), width = room.from(1, 40), list = someRows(room, height);
    const rows = room.ints(list), from = room.floats(height * width);
    const begin = room.draw(height * width), end = room.from(begin, height * width);
    return (kernels) => kernels.squaredNormRows(rows, list.length, width, begin, end, from, 1.25);
  },

  adam(room) {
    const count = room.from(0, 300);
    const call = {
      ...formula(room),
      ...step(room, count, room.flag()),
      gradient: room.floats(count),
      count,
      scale: Math.fround(room.draw(1000) / 999),
    };
    return (kernels) => kernels.adam(call);
  },

  adamRows(room) {
    const height = room.from(1, 20), width = room.from(1, 40), count = height * width, list = someRows(room, height);
    const rows = room.ints(list), begin = room.draw(count), end = room.from(begin, count);
    const call = {
      ...formula(room),
      ...step(room, count, room.flag()),
      gradient: room.floats(count),
      count: 0,
      scale: Math.fround(room.draw(1000) / 999),
    };
    return (kernels) => kernels.adamRows(rows, list.length, width, begin, end, call);
  },

  adamMean(room) {
    const shards = shardsOf(room), count = room.draw(4) === 0 ? room.from(1000, 3000) : room.from(0, 200);
    const call = mean(room, shards, count);
    return (kernels) => kernels.adamMean(call);
  },

  adamMeanRows(room) {
    const shards = shardsOf(room), height = room.from(1, 20), width = room.from(1, 40), list = someRows(room, height);
    const rows = room.ints(list), stamps = stampsOf(room, shards, height), rowGradients = room.scratch(4 * shards);
    const call = { ...mean(room, shards, height * width), count: 0 };
    return (kernels) => kernels.adamMeanRows(rows, list.length, width, height, stamps, 7, rowGradients, call);
  },

  average(room) {
    const shards = shardsOf(room), count = room.draw(4) === 0 ? room.from(1000, 3000) : room.from(0, 200);
    const { vectors, coefficients } = shardVectors(room, shards, count);
    const to = room.floats(count), stack = room.scratch(STACK_BYTES), drift = room.flag();
    return (kernels) => kernels.average(vectors, coefficients, shards, to, count, stack, drift);
  },

  averageRows(room) {
    const shards = shardsOf(room), height = room.from(1, 20), width = room.from(1, 40), list = someRows(room, height);
    const hasOthers = room.flag();
    const call = {
      ...shardVectors(room, shards, height * width),
      rows: room.ints(list),
      count: list.length,
      width,
      height,
      stamps: stampsOf(room, shards, height),
      stamp: 7,
      otherwise: hasOthers ? room.floats(height * width) : room.ints(width),
      otherwiseStride: hasOthers ? 4 * width : 0,
      shards,
      to: room.floats(height * width),
      pointers: room.scratch(4 * shards),
      stack: room.scratch(STACK_BYTES),
      drift: room.flag(),
    };
    return (kernels) => kernels.averageRows(call);
  },

  copyRows(room) {
    const height = room.from(1, 20), width = room.from(1, 40), list = someRows(room, height);
    const rows = room.ints(list), from = room.floats(height * width), to = room.floats(height * width);
    return (kernels) => kernels.copyRows(rows, list.length, width, height, from, to);
  },

  findRows(room) {
    const shards = room.from(1, 6), height = room.from(0, 200), parts = room.from(1, 4), words = room.from(0, height);
    const stamps = Array.from({ length: shards }, () => room.ints(Array.from({ length: height }, () => room.draw(20))));
    const call = {
      stamps: room.ints(stamps),
      shards,
      stamp: [0, 1, 7][room.draw(3)]!,
      height,
      block: room.from(1, 70),
      parts,
      first: room.draw(parts),
      step: room.from(1, 3),
      list: room.ints(words),
      room: words,
      found: room.ints(2),
    };
    return (kernels) => kernels.findRows(call);
  },
};

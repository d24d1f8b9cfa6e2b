// Measures the peak of the machine's 128-bit multiply-add, for the benchmark's roofline.

/** Runs 96 · `rounds` floating-point operations in twelve independent chains; returns a value that depends on all. */
export function peak(rounds: i32): f32 {
  const x = f32x4.splat(<f32>rounds), y = f32x4.splat(0.5);
  let a = x, b = f32x4.add(a, y), c = f32x4.add(b, y), d = f32x4.add(c, y), e = f32x4.add(d, y), f = f32x4.add(e, y);
  let g = f32x4.add(f, y), h = f32x4.add(g, y), i = f32x4.add(h, y), j = f32x4.add(i, y), k = f32x4.add(j, y);
  let l = f32x4.add(k, y);
  for (let round = 0; round < rounds; round++) {
    a = f32x4.relaxed_madd(x, y, a);
    b = f32x4.relaxed_madd(x, y, b);
    c = f32x4.relaxed_madd(x, y, c);
    d = f32x4.relaxed_madd(x, y, d);
    e = f32x4.relaxed_madd(x, y, e);
    f = f32x4.relaxed_madd(x, y, f);
    g = f32x4.relaxed_madd(x, y, g);
    h = f32x4.relaxed_madd(x, y, h);
    i = f32x4.relaxed_madd(x, y, i);
    j = f32x4.relaxed_madd(x, y, j);
    k = f32x4.relaxed_madd(x, y, k);
    l = f32x4.relaxed_madd(x, y, l);
  }
  a = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(f32x4.add(e, f), f32x4.add(g, h)));
  return f32x4.extract_lane(f32x4.add(a, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))), 0);
}

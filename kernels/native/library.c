/*
 * Says what the library is. build.ts compiles this source once, for the least processor of the architecture, and defines
 * LOCKSTEP_ABI, LOCKSTEP_SOURCES (the hash of the sources), LOCKSTEP_SETS and LOCKSTEP_KERNELS (lists of strings in JSON).
 */
#include <stdint.h>
#include <string.h>

#define LOCKSTEP_EXPORT __attribute__((visibility("default")))

/* Returns the version of lockstep_about and of the way in which kernels are called. */
LOCKSTEP_EXPORT uint32_t lockstep_abi(void);
/* Writes JSON, without a final 0, to the `bytes` bytes at `to`. Returns its length, or 0 if it does not fit. */
LOCKSTEP_EXPORT uint32_t lockstep_about(uint8_t *to, uint32_t bytes);

uint32_t lockstep_abi(void) {
  return LOCKSTEP_ABI;
}

/* Lists the instruction sets that the processor and the operating system have, the best first, in JSON. */
static const char *processor_sets(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  return avx512 ? "[\"avx512\",\"avx2\"]" : avx2 ? "[\"avx2\"]" : "[]";
#elif defined(__aarch64__)
  return "[\"neon\"]";
#else
#error "no kernels for this architecture"
#endif
}

uint32_t lockstep_about(uint8_t *to, uint32_t bytes) {
  const char *parts[] = {
      "{\"sources\":\"" LOCKSTEP_SOURCES "\",\"kernels\":" LOCKSTEP_KERNELS ",\"sets\":" LOCKSTEP_SETS ",\"processor\":",
      processor_sets(),
      "}",
  };
  uint32_t length = 0;
  for (int i = 0; i < 3; i++) {
    const size_t part = strlen(parts[i]);
    if (part > bytes - length) return 0;
    memcpy(to + length, parts[i], part);
    length += (uint32_t)part;
  }
  return length;
}

/** The simplest model: one LSTM, forwards, classified by its last output. */
export const ONE_LAYER = { layers: 1, letterRows: 0, bidirectional: false, pooling: "last" } as const;

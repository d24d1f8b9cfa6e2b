import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";

/** Splits texts at white space, in the format of Hugging Face. */
export const WHITE_SPACE: PreprocessingJson["tokenizer"] = {
  kind: "huggingface",
  config: {},
  tokenizer: {
    model: { type: "WordLevel", vocab: { "[UNK]": 0, a: 1 }, unk_token: "[UNK]" },
    normalizer: null,
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: null,
    decoder: null,
    added_tokens: [],
  },
};

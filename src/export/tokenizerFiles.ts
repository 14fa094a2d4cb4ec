/**
 * The lab's vocabulary as Hugging Face's tokenizer files: a BPE without merges, whose every token is a character or one of Qwen3's
 * control tokens.
 *
 * Invariant (modelFolder.test.ts): `@huggingface/jinja` and the vocabulary render a curated trajectory's messages (messages.ts) to exactly its
 * tokens, and the marks of `generation` to exactly its mask. That transformers and TRL agree is told by `npm run test:python`.
 *
 * Three things go wrong without a word where they are left out. Without `tokenizer.json`, AutoTokenizer makes a tokenizer of one token.
 * Without the response template TRL cannot tell calls. Without `top_k: 0`, `generate` samples from the likeliest 50 of 61 tokens.
 */
import { specialTokens, tokenIds, tokenTexts } from '../tasks/vocabulary.ts';
import chatTemplate from './files/chat_template.jinja?raw';

export { chatTemplate };

/** Those that `skip_special_tokens` leaves out, as in Qwen3: thought and calls stay readable. */
const unseen: readonly string[] = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

function addedTokens() {
  return specialTokens.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: unseen.includes(content),
  }));
}

/** `tokenizer.json`. A character outside the vocabulary is left out, as the sandbox's output never has one. */
export function tokenizerJson() {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokenTexts.map((text, id) => [text, id])),
      merges: [],
    },
  };
}

/**
 * How a response is read: thought until a call or `</think>`, a call's bare code as `python(code=...)`, then the answer. Thought goes on
 * after a result, so both ends of a prompt are where it begins.
 */
const responseTemplate = {
  defaults: { role: 'assistant' },
  start_anchor: ['<think>', '</tool_response>'],
  fields: {
    reasoning_content: { content: 'text' },
    tool_calls: {
      open: '<tool_call>',
      close: '</tool_call>',
      repeats: true,
      content: 'text',
      transform: { type: 'function', function: { name: 'python', arguments: { code: '{content}' } } },
    },
    content: { open: '</think>', close: '<|im_end|>', content: 'text' },
  },
} as const;

/** `tokenizer_config.json`. @param context the longest sequence, tokens */
export function tokenizerConfig(context: number) {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: context,
    bos_token: null,
    eos_token: '<|im_end|>',
    pad_token: '<|endoftext|>',
    unk_token: null,
    add_prefix_space: false,
    clean_up_tokenization_spaces: false,
    split_special_tokens: false,
    added_tokens_decoder: Object.fromEntries(addedTokens().map(({ id, ...token }) => [String(id), token])),
    response_template: responseTemplate,
  };
}

/** `generation_config.json`: how the rollouts were sampled. The policy's turn ends with a call, or with its answer. */
export function generationConfig(context: number, temperature: number) {
  return {
    _from_model_config: false,
    do_sample: true,
    temperature,
    top_k: 0,
    top_p: 1,
    max_length: context,
    bos_token_id: tokenIds.imStart,
    eos_token_id: [tokenIds.imEnd, tokenIds.toolCallEnd],
    pad_token_id: tokenIds.pad,
  };
}

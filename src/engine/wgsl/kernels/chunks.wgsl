// A head's channels as attention reads them: a Chunk is 4 of them (2 where headDim is no multiple of 4), CHUNKS are a head.
#if WIDE
alias Chunk = vec4<f32>;
#else
alias Chunk = vec2<f32>;
#endif
const SHARED_BY: u32 = HEADS / KV_HEADS;                     // query heads for each key/value head
const QK_STRIDE: u32 = (HEADS + KV_HEADS) * CHUNKS;          // from a row's q and k to the next row's
const QKV_STRIDE: u32 = (HEADS + 2u * KV_HEADS) * CHUNKS;    // from a row's q, k and v to the next row's

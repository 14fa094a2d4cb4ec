"""The speed test's decoder and work in PyTorch, eager, on this machine's processors: a peer to be timed against.

    pip install torch numpy
    python3 src/bench/peers/torch_peer.py [--presets mini,nano,small] [--works sft,grpo,rollout] [--seconds 5]

prints a JSON object a line: which torch, then for each preset and work tokens/s (median of the samples) for every number of threads that was
tried, and the best. `npm run bench -- --torch python3` runs it with `--serve` instead: it then answers requests, a JSON object a line, with the
speed test's own weights, batches and prompts, and takes turns with our engines in one run.

It is written as PyTorch users would for speed: batches padded on the right, causal `scaled_dot_product_attention`, `rms_norm`, fused AdamW; rollouts
with a KV cache that is allocated once, each distinct prompt prefilled once, tool results fed through the same batched step, finished rows
dropped now and then. Tensor names and layout are Qwen3's; the shapes of the work are src/bench/workload.ts's.
"""
import argparse, json, math, os, random, statistics, struct, sys, time
import numpy as np, torch, torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

VOCABULARY = 61
COMMON = dict(rmsNormEps=1e-6, ropeTheta=10000.0, tieWordEmbeddings=False, vocabularySize=VOCABULARY)
CONFIGS = {
    "mini": dict(COMMON, hiddenSize=64, layers=2, heads=4, kvHeads=4, headDim=16, intermediateSize=160),
    "nano": dict(COMMON, hiddenSize=96, layers=3, heads=4, kvHeads=4, headDim=24, intermediateSize=256),
    "small": dict(COMMON, hiddenSize=224, layers=4, heads=8, kvHeads=4, headDim=28, intermediateSize=608),
}
SHAPES = {"mini": (30, 96, 130), "nano": (44, 150, 230), "small": (44, 150, 230)}  # tokens of a prompt, shortest and longest sequence
SEQUENCES = {"sft": [32], "grpo": [32], "rollout": [64, 256]}
OPTIMIZER = dict(lr=1e-5, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, fused=True)
CLIP_LOW, CLIP_HIGH, DUAL_CLIP, TIS_CAP = 0.2, 0.28, 10.0, 2.0


class Decoder:
    def __init__(self, config, weights):
        self.c = config
        self.w = {name: tensor.clone().requires_grad_() for name, tensor in weights.items()}
        decayed = [w for n, w in self.w.items() if w.dim() == 2 and "embed" not in n]
        others = [w for n, w in self.w.items() if w.dim() != 2 or "embed" in n]
        self.optimizer = torch.optim.AdamW([dict(params=decayed), dict(params=others, weight_decay=0.0)], **OPTIMIZER)
        half = torch.arange(0, config["headDim"], 2) / config["headDim"]
        angles = torch.arange(1024)[:, None] * config["ropeTheta"] ** -half[None]
        self.cos, self.sin = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)  # [positions, headDim]

    def norm(self, x, name): return F.rms_norm(x, x.shape[-1:], self.w[name], self.c["rmsNormEps"])

    def qkv(self, x, prefix, cos, sin):
        """x [batch, time, dModel] -> q, k, v [batch, heads, time, headDim]"""
        b, t, _ = x.shape
        heads = lambda name: F.linear(x, self.w[f"{prefix}self_attn.{name}_proj.weight"]).view(b, t, -1, self.c["headDim"])

        def turned(name):
            y = self.norm(heads(name), f"{prefix}self_attn.{name}_norm.weight").transpose(1, 2)
            one, two = y.chunk(2, -1)
            return y * cos + torch.cat([-two, one], -1) * sin

        return turned("q"), turned("k"), heads("v").transpose(1, 2)

    def layer(self, x, i, cos, sin, attend):
        p = f"model.layers.{i}."
        a = attend(i, *self.qkv(self.norm(x, p + "input_layernorm.weight"), p, cos, sin)).transpose(1, 2).flatten(2)
        x = x + F.linear(a, self.w[p + "self_attn.o_proj.weight"])
        h = self.norm(x, p + "post_attention_layernorm.weight")
        up = F.silu(F.linear(h, self.w[p + "mlp.gate_proj.weight"])) * F.linear(h, self.w[p + "mlp.up_proj.weight"])
        return x + F.linear(up, self.w[p + "mlp.down_proj.weight"])

    def hidden(self, tokens, cos, sin, attend):
        x = F.embedding(tokens, self.w["model.embed_tokens.weight"])
        for i in range(self.c["layers"]): x = self.layer(x, i, cos, sin, attend)
        return self.norm(x, "model.norm.weight")

    def attend(self, q, k, v, **options):
        return F.scaled_dot_product_attention(q, k, v, enable_gqa=self.c["heads"] != self.c["kvHeads"], **options)

    def logits(self, tokens):
        t = tokens.shape[1]
        return self.head(self.hidden(tokens, self.cos[:t], self.sin[:t], lambda _, q, k, v: self.attend(q, k, v, is_causal=True)))

    def head(self, x): return F.linear(x, self.w["lm_head.weight"])

    def step(self, kind, batch):
        """One optimizer step, padding and the statistics that a trainer logs included. -> loss"""
        pad = lambda key: pad_sequence(batch[key], batch_first=True)
        tokens, mask = pad("tokens"), pad("mask")[:, 1:]
        logits, targets, count = self.logits(tokens[:, :-1]), tokens[:, 1:], mask.sum()
        if kind == "sft":
            loss = (F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(mask.shape) * mask).sum() / count
        else:
            old, sampler, A = pad("old")[:, 1:], pad("sampler")[:, 1:], batch["advantage"][:, None]
            every = torch.log_softmax(logits, -1)
            ratio = (every.gather(-1, targets[..., None])[..., 0] - old).exp()
            gain = torch.minimum(ratio * A, ratio.clamp(1 - CLIP_LOW, 1 + CLIP_HIGH) * A)
            gain = torch.where(A < 0, torch.maximum(gain, DUAL_CLIP * A), gain)
            loss = -((old - sampler).exp().clamp(max=TIS_CAP) * gain * mask).sum() / count
            with torch.no_grad():
                entropy = (-(every.exp() * every).sum(-1) * mask).sum() / count
                low, high = ((A < 0) & (ratio < 1 - CLIP_LOW)) * mask, ((A > 0) & (ratio > 1 + CLIP_HIGH)) * mask
        self.optimizer.zero_grad(); loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.w.values(), 1.0); self.optimizer.step()
        logged = [loss, norm] if kind == "sft" else [loss, norm, entropy, low.sum() / count, high.sum() / count]
        return [x.item() for x in logged][0]

    @torch.inference_mode()
    def rollout(self, work):
        """-> tokens after the prompts, sampled and forced"""
        c, context, prompts = self.c, work["context"], work["prompts"]
        ends = torch.zeros(c["vocabularySize"], dtype=torch.bool); ends[work["turnEndTokens"]] = True
        distinct = {tuple(p): None for p in prompts}; which = {p: i for i, p in enumerate(distinct)}
        of = torch.tensor([which[tuple(p)] for p in prompts])
        lengths = torch.tensor([len(p) for p in distinct]); longest = int(lengths.max())
        padded = pad_sequence([torch.tensor(p) for p in distinct], batch_first=True)
        n = len(prompts); tokens = torch.zeros(n, context, dtype=torch.long); tokens[:, :longest] = padded[of]
        log_probs = torch.zeros(n, context); sampled = torch.zeros(n, context, dtype=torch.bool)
        caches = [[torch.zeros(n, c["kvHeads"], context, c["headDim"]) for _ in "kv"] for _ in range(c["layers"])]

        def prefill(i, q, k, v):
            for cache, x in zip(caches[i], (k, v)): cache[:, :, :longest] = x[of]
            return self.attend(q, k, v, is_causal=True)

        x = self.hidden(padded, self.cos[:longest], self.sin[:longest], prefill)
        x = x[torch.arange(len(distinct)), lengths - 1][of]  # [rows, dModel]
        rows = torch.arange(n)  # of each row of the batch: its sequence
        at = lengths[of]  # the position to be filled
        forced_until, calls, end, live = at.clone(), [0] * n, at.clone(), torch.ones(n, dtype=torch.bool)
        while True:
            each = torch.log_softmax(self.head(x), -1)
            pick = torch.multinomial(each.exp(), 1)[:, 0]
            forced = (at < forced_until) | ~live  # a row that is over keeps what it has until it is dropped
            token = torch.where(forced, tokens[rows, at], pick)
            tokens[rows, at] = token; sampled[rows, at] |= ~forced
            log_probs[rows, at] += torch.where(forced, 0.0, each.gather(1, pick[:, None])[:, 0])
            end[rows] += live; live &= end[rows] < context
            at = torch.minimum(at + live, torch.tensor(context - 1))
            for j in (ends[token] & ~forced & live).nonzero()[:, 0].tolist():
                i, here = int(rows[j]), int(at[j]); call = calls[i]; calls[i] += 1
                result = work["results"][i][call] if call < work["calls"][i] else None
                if result is None or here + len(result) >= context: live[j] = False
                else: tokens[i, here : here + len(result)] = torch.tensor(result); forced_until[j] = here + len(result)
            alive = int(live.sum())
            if alive == 0: break
            if alive <= 0.75 * len(rows):  # copying the caches costs more than a few idle rows do
                keep = live.nonzero()[:, 0]
                rows, at, forced_until, token, live = rows[keep], at[keep], forced_until[keep], token[keep], live[keep]
                caches = [[cache[keep] for cache in pair] for pair in caches]
            seen = int(at.max())
            visible = (torch.arange(seen) < at[:, None])[:, None, None]  # [rows, 1, 1, positions]
            row, last = torch.arange(len(rows)), at - 1

            def decode(i, q, k, v):
                for cache, new in zip(caches[i], (k, v)): cache[row, :, last] = new[:, :, 0]
                k, v = (cache[:, :, :seen] for cache in caches[i])
                return self.attend(q, k, v, attn_mask=visible)

            x = self.hidden(token[:, None], self.cos[last][:, None, None], self.sin[last][:, None, None], decode)[:, 0]
        return int((end - lengths[of]).sum())


def timed(work, *arguments):
    start = time.perf_counter(); result = work(*arguments); return result, 1000 * (time.perf_counter() - start)


def tensors(batch):
    """Lists of numbers -> a tensor for each sequence"""
    types = dict(tokens=torch.long, mask=torch.float, old=torch.float, sampler=torch.float)
    return {**{key: [torch.tensor(row, dtype=types[key]) for row in batch[key]] for key in types}, "advantage": torch.tensor(batch["advantage"])}


def read_safetensors(path):
    with open(path, "rb") as file: data = file.read()
    size = struct.unpack("<Q", data[:8])[0]; body = data[8 + size :]
    found = {n: t for n, t in json.loads(data[8 : 8 + size]).items() if n != "__metadata__"}
    return {n: torch.from_numpy(np.frombuffer(body[slice(*t["data_offsets"])], dtype=np.float32).reshape(t["shape"]).copy()) for n, t in found.items()}


def about(): return dict(torch=torch.__version__, python=sys.version.split()[0], cores=cores())


def cores(): return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


# ---- served: requests of src/cli/torchPeer.ts, a JSON object a line ----------------------------------------------------------------
def serve():
    decoder, batch, work = None, None, None
    print(json.dumps(about()), flush=True)
    for line in sys.stdin:
        request = json.loads(line); operation = request["operation"]; torch.set_num_threads(request.get("threads", 1))
        if operation == "load": decoder, answer = Decoder(request["config"], read_safetensors(request["weights"])), {}
        elif operation == "batch": batch, answer = tensors(request["batch"]), {}
        elif operation == "work": work, answer = request["work"], {}
        elif operation == "step": loss, ms = timed(decoder.step, request["kind"], batch); answer = dict(loss=loss, milliseconds=ms)
        elif operation == "rollout": tokens, ms = timed(decoder.rollout, work); answer = dict(tokens=tokens, milliseconds=ms)
        else: raise ValueError(operation)
        print(json.dumps(answer), flush=True)


# ---- by hand ------------------------------------------------------------------------------------------------------------------------
def random_weights(c):
    d, hd, f, v = c["hiddenSize"], c["headDim"], c["intermediateSize"], c["vocabularySize"]
    matrix = lambda n, k: torch.randn(n, k) / math.sqrt(k)
    weights = {"model.embed_tokens.weight": 0.02 * torch.randn(v, d), "model.norm.weight": torch.ones(d), "lm_head.weight": matrix(v, d)}
    for i in range(c["layers"]):
        p = f"model.layers.{i}."
        for name in ("input_layernorm", "post_attention_layernorm"): weights[f"{p}{name}.weight"] = torch.ones(d)
        for name in "qk": weights[f"{p}self_attn.{name}_norm.weight"] = torch.ones(hd)
        for name, heads in dict(q="heads", k="kvHeads", v="kvHeads").items(): weights[f"{p}self_attn.{name}_proj.weight"] = matrix(c[heads] * hd, d)
        weights[f"{p}self_attn.o_proj.weight"] = matrix(d, c["heads"] * hd)
        for name, n, k in (("gate", f, d), ("up", f, d), ("down", d, f)): weights[f"{p}mlp.{name}_proj.weight"] = matrix(n, k)
    return weights


def example_batch(preset, sequences, r):
    prompt, shortest, longest = SHAPES[preset]; batch = dict(tokens=[], mask=[], old=[], sampler=[], advantage=[])
    for _ in range(sequences):
        length = r.randint(shortest, longest); mask = [0] * prompt + [1] * (length - prompt); at = prompt + r.randint(8, 16)
        while at < length:
            result = r.randint(4, 8); mask[at : at + result] = [0] * len(mask[at : at + result]); at += result + r.randint(8, 16)
        old = [-math.log(VOCABULARY) + 0.3 * r.gauss(0, 1) for _ in range(length)]
        for key, value in dict(tokens=[r.randrange(VOCABULARY) for _ in range(length)], mask=mask, old=old, sampler=[x + 1e-4 * r.gauss(0, 1) for x in old], advantage=r.gauss(0, 1)).items(): batch[key].append(value)
    return tensors(batch)


def example_work(preset, sequences, r):
    prompt, _, longest = SHAPES[preset]; draw = lambda n: [r.randrange(VOCABULARY) for _ in range(n)]
    prompts = [p for _ in range(sequences // 8) for p in [draw(r.randint(prompt - 6, prompt))] * 8]
    calls = [r.randint(4, 12) for _ in prompts]
    return dict(prompts=prompts, context=longest, turnEndTokens=list(range(1, 1 + round(VOCABULARY / 12))), calls=calls, results=[[draw(r.randint(4, 8)) for _ in range(n)] for n in calls])


def by_hand(a):
    torch.manual_seed(1); print(json.dumps(about()), flush=True)
    for preset in a.presets.split(","):
        decoder = Decoder(CONFIGS[preset], random_weights(CONFIGS[preset]))
        for kind in a.works.split(","):
            for sequences in SEQUENCES[kind]:
                r, rates = random.Random(1), {}
                if kind == "rollout": work = example_work(preset, sequences, r); run = lambda: decoder.rollout(work)
                else:
                    batch = example_batch(preset, sequences, r); total = sum(map(len, batch["tokens"]))
                    run = lambda: decoder.step(kind, batch) and total
                for threads in range(1, cores() + 1):
                    torch.set_num_threads(threads); run(); samples, start = [], time.perf_counter()
                    while len(samples) < 3 or time.perf_counter() - start < a.seconds: samples.append(timed(run))
                    rates[threads] = round(statistics.median(tokens / ms * 1000 for tokens, ms in samples))
                print(json.dumps(dict(preset=preset, work=kind, sequences=sequences, tokens_per_second_by_threads=rates, best=max(rates.values()))), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--presets", default="mini,nano,small"); parser.add_argument("--works", default="sft,grpo,rollout")
    parser.add_argument("--seconds", type=float, default=5, help="of samples for each number of threads"); parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    serve() if options.serve else by_hand(options)

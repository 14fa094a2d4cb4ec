"""The witness: a run of the lab repeated in PyTorch, from the same base and on the same data, with other random numbers.

    npm run witness:data -- --preset quick-sparse --seed 1 --set evaluation.problems=200 --out runs/witness-sparse.json
    pip install torch numpy safetensors
    python3 src/study/witness.py --data runs/witness-sparse.json --base public/bases/mini.safetensors --seed 101 \
        --cells src/study/cells/choice-quick --variant sparse

The data (problems, the teacher's trajectories) are the lab's; policy, rollouts, tool, loss, optimizer and random numbers are this file's own, written
after the paper and not after the lab's code. It prints one JSON object a line: each round's calls, reward and cut-offs, the held-out accuracy before
and after, and last, where cells of the lab are named, whether each number lies between the smallest and the largest of the lab's seeds.
"""
import argparse, ast, glob, json, math, operator, random, time
import torch, torch.nn.functional as F
from safetensors.torch import load_file

ROUNDS = 5  # at the end of a stage, as study.ts has it


def say(**line): print(json.dumps(line), flush=True)


# ---- the policy: Qwen3's decoder, tensors under their Hugging Face names --------------------------------------------------------

def rms(x, w, eps): return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * w


class Policy:
    def __init__(self, config, tensors, longest):
        self.c, self.w = config, {name: t.float().clone().requires_grad_() for name, t in tensors.items()}
        half = config["headDim"] // 2
        angle = torch.arange(longest).float()[:, None] * config["ropeTheta"] ** (-torch.arange(half).float() / half)
        self.cos, self.sin = torch.cat([angle, angle], -1).cos(), torch.cat([angle, angle], -1).sin()

    def turn(self, x, at):  # rotate half
        a, b = x.chunk(2, -1)
        return x * self.cos[at] + torch.cat([-b, a], -1) * self.sin[at]

    def forward(self, ids, at=0, cache=None):
        """ids [batch, time] -> logits [batch, time, vocabulary]; with a cache, `time` more tokens from position `at` on"""
        c, w, (batch, time_) = self.c, self.w, ids.shape
        span, eps, x = slice(at, at + time_), c["rmsNormEps"], w["model.embed_tokens.weight"][ids]
        mask = None if time_ == 1 else torch.full((time_, time_), -math.inf).triu(1)
        for layer in range(c["layers"]):
            p = f"model.layers.{layer}."
            h = rms(x, w[p + "input_layernorm.weight"], eps)
            q, k, v = ((h @ w[f"{p}self_attn.{n}_proj.weight"].T).view(batch, time_, -1, c["headDim"]).transpose(1, 2) for n in "qkv")
            q = self.turn(rms(q, w[p + "self_attn.q_norm.weight"], eps), span)
            k = self.turn(rms(k, w[p + "self_attn.k_norm.weight"], eps), span)
            if cache is not None:
                keys, values = cache[layer]
                keys[:, :, span], values[:, :, span] = k, v
                k, v = keys[:, :, : at + time_], values[:, :, : at + time_]
            shared = c["heads"] // c["kvHeads"]
            k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
            scores = q @ k.transpose(-1, -2) / math.sqrt(c["headDim"])
            y = torch.softmax(scores if mask is None else scores + mask, -1) @ v
            x = x + y.transpose(1, 2).reshape(batch, time_, -1) @ w[p + "self_attn.o_proj.weight"].T
            h = rms(x, w[p + "post_attention_layernorm.weight"], eps)
            x = x + (F.silu(h @ w[p + "mlp.gate_proj.weight"].T) * (h @ w[p + "mlp.up_proj.weight"].T)) @ w[p + "mlp.down_proj.weight"].T
        head = w["model.embed_tokens.weight"] if c["tieWordEmbeddings"] else w["lm_head.weight"]
        return rms(x, w["model.norm.weight"], eps) @ head.T

    def optimizer(self, o, decay):
        matrices = [t for t in self.w.values() if t.dim() == 2]
        vectors = [t for t in self.w.values() if t.dim() != 2]
        groups = [dict(params=matrices, weight_decay=decay), dict(params=vectors, weight_decay=0.0)]
        return torch.optim.AdamW(groups, lr=0.0, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])

    def step(self, optimizer, loss, rate, most):
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self.w.values()), most)
        for group in optimizer.param_groups: group["lr"] = rate
        optimizer.step()


# ---- the tool ---------------------------------------------------------------------------------------------------------------------

OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Div: operator.truediv}


def value_of(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, int): return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub): return -value_of(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS: return OPERATIONS[type(node.op)](value_of(node.left), value_of(node.right))
    raise ValueError


def run_tool(code, sandbox):
    """What the policy reads: the value, or E. Only arithmetic is understood, which is all that the teacher shows."""
    if not 0 < len(code) <= sandbox["maxCodeLength"]: return "E"
    try: return str(value_of(ast.parse(code.strip(), mode="eval").body))[: sandbox["maxOutputLength"]]
    except (ValueError, SyntaxError, ZeroDivisionError, OverflowError): return "E"


# ---- rollouts -----------------------------------------------------------------------------------------------------------------------

class Sample:
    def __init__(self, problem):
        self.problem, self.tokens, self.mask, self.forced = problem, [], [], list(problem["tokens"])
        self.calls, self.code, self.done, self.cut = 0, None, False, False


@torch.no_grad()
def roll_out(policy, data, problems, context, budget, temperature, top_p=1.0):
    ids, text, sandbox = data["tokenIds"], data["vocabulary"], data["settings"]["sandbox"]
    encode = {t: i for i, t in enumerate(text)}
    samples = [Sample(problem) for problem in problems]
    c, n = policy.c, len(samples)
    cache = [tuple(torch.zeros(n, c["kvHeads"], context, c["headDim"]) for _ in "kv") for _ in range(c["layers"])]
    alive = samples
    for at in range(context):
        if at > 0:
            logits = policy.forward(torch.tensor([[s.tokens[-1]] for s in alive]), at - 1, cache)[:, 0] / max(temperature, 1e-6)
            probability = torch.softmax(logits, -1)
            if top_p < 1:
                ordered, order = probability.sort(-1, descending=True)
                ordered[ordered.cumsum(-1) - ordered > top_p] = 0
                probability = torch.zeros_like(probability).scatter(1, order, ordered)
            drawn = torch.multinomial(probability, 1)[:, 0].tolist()
        for j, s in enumerate(alive):
            if s.forced:
                s.tokens.append(s.forced.pop(0)); s.mask.append(0)
                continue
            token = drawn[j]
            s.tokens.append(token); s.mask.append(1)
            if token == ids["imEnd"]: s.done = True
            elif token == ids["toolCall"]: s.code = []
            elif token == ids["toolCallEnd"]:
                if s.code is None: continue
                if s.calls == budget: s.done = True
                else:
                    s.calls += 1
                    answer = run_tool("".join(text[t] for t in s.code), sandbox)
                    s.forced = [ids["toolResponse"], *(encode[ch] for ch in answer), ids["toolResponseEnd"]]
                s.code = None
            elif s.code is not None: s.code.append(token)
        keep = [j for j, s in enumerate(alive) if not s.done]
        if not keep: break
        if len(keep) < len(alive):
            alive, index = [alive[j] for j in keep], torch.tensor(keep)
            cache = [tuple(part[index] for part in layer) for layer in cache]
    for s in alive: s.cut = not s.done
    return samples


def is_right(s, data):
    ids = data["tokenIds"]
    if not s.tokens or s.tokens[-1] != ids["imEnd"] or ids["thinkEnd"] not in s.tokens: return False
    last = len(s.tokens) - 1 - s.tokens[::-1].index(ids["thinkEnd"])
    return "".join(data["vocabulary"][t] for t in s.tokens[last + 1 : -1]) == s.problem["answer"]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def padded(rows, dtype):
    x = torch.zeros(len(rows), max(map(len, rows)), dtype=dtype)
    for i, row in enumerate(rows): x[i, : len(row)] = torch.as_tensor(row, dtype=dtype)
    return x


def log_probabilities(policy, samples, temperature):
    """-> [batch, time - 1] log-probability of each next token, and the mask of the sampled ones"""
    ids, mask = padded([s.tokens for s in samples], torch.long), padded([s.mask for s in samples], torch.float)[:, 1:]
    logits = policy.forward(ids[:, :-1]) / temperature
    return torch.log_softmax(logits, -1).gather(-1, ids[:, 1:, None])[..., 0], mask


# ---- the recipe ---------------------------------------------------------------------------------------------------------------------

def endless(items, r):
    while True:
        order = list(items)
        r.shuffle(order)
        yield from order


def cold_start(policy, data, r):
    s = data["settings"]; sft = s["sft"]
    steps = math.ceil(len(data["coldStart"]) * sft["epochs"] / sft["batchSize"])
    optimizer, rows = policy.optimizer(s["optimizer"], sft["weightDecay"]), endless(data["coldStart"], r)
    for step in range(steps):
        batch = [next(rows) for _ in range(sft["batchSize"])]
        ids, mask = padded([b["tokens"] for b in batch], torch.long), padded([b["mask"] for b in batch], torch.float)[:, 1:]
        loss = F.cross_entropy(policy.forward(ids[:, :-1]).transpose(1, 2), ids[:, 1:], reduction="none")
        warm = min(1, (step + 1) / max(1, sft["warmupSteps"]))
        late = max(0, step - sft["warmupSteps"]) / max(1, steps - sft["warmupSteps"])
        rate = sft["learningRate"] * warm * (sft["finalRatio"] + (1 - sft["finalRatio"]) * 0.5 * (1 + math.cos(math.pi * late)))
        loss = (loss * mask).sum() / mask.sum()
        policy.step(optimizer, loss, rate, s["optimizer"]["maxGradNorm"])
    say(phase="sft", steps=steps, loss=None if steps == 0 else loss.item())


def grpo(policy, data, stage, prompts, r, solved):
    s = data["settings"]; g, size = s["grpo"], s["grpo"]["groupSize"]
    optimizer, draw, rounds = policy.optimizer(s["optimizer"], g["weightDecay"]), endless(range(len(prompts)), r), []
    for step in range(s[stage]["steps"]):
        chosen = [next(draw) for _ in range(g["promptsPerStep"])]
        samples = roll_out(policy, data, [prompts[i] for i in chosen for _ in range(size)], s[stage]["context"], g["callBudget"], g["temperature"])
        reward = torch.tensor([float(is_right(x, data)) for x in samples]).view(-1, size)
        if stage == "stage1": solved.update({i: int(row.sum()) for i, row in zip(chosen, reward)})
        advantage = reward - reward.mean(1, keepdim=True)
        if g["normaliseByStd"]: advantage = advantage / (reward.std(1, keepdim=True) + 1e-6)
        old = []
        with torch.no_grad():
            for i in range(0, len(samples), 64): old += [row[: len(x.tokens) - 1] for row, x in zip(log_probabilities(policy, samples[i : i + 64], g["temperature"])[0], samples[i : i + 64])]
        final = s[stage].get("finalRatio", 1)
        cosine = final + (1 - final) * 0.5 * (1 + math.cos(math.pi * step / max(1, s[stage]["steps"])))
        rate = g["learningRate"] * min(1, (step + 1) / max(1, g["warmupSteps"])) * cosine
        share = math.ceil(len(chosen) / g["miniBatches"])
        for first in range(0, len(chosen), share):
            span = range(first * size, min(len(chosen), first + share) * size)
            batch = [samples[i] for i in span]
            new, mask = log_probabilities(policy, batch, g["temperature"])
            ratio, a = (new - padded([old[i].tolist() for i in span], torch.float)).exp(), advantage.view(-1)[list(span)][:, None]
            loss = torch.maximum(-ratio * a, -ratio.clamp(1 - g["clipLow"], 1 + g["clipHigh"]) * a)
            loss = torch.where(a < 0, torch.minimum(loss, -g["dualClip"] * a), loss)
            policy.step(optimizer, (loss * mask).sum() / mask.sum(), rate, s["optimizer"]["maxGradNorm"])
        rounds.append(dict(calls=mean(x.calls for x in samples), reward=reward.mean().item(), cut=mean(x.cut for x in samples)))
        say(phase=stage, step=step + 1, **rounds[-1])
    return rounds


def stage2_prompts(data, solved):
    size, stage2 = data["settings"]["grpo"]["groupSize"], data["settings"]["stage2"]
    left = [p for i, p in enumerate(data["stage1"]) if solved.get(i) != size and stage2["minLength"] <= p["steps"] <= stage2["maxLength"]]
    again = left[: data["stage2"]["familiar"]]
    return again + data["stage2"]["fill"][: data["stage2"]["familiar"] - len(again)] + data["stage2"]["longer"]


def evaluate(policy, data, label, k):
    e = data["settings"]["evaluation"]
    samples = roll_out(policy, data, [p for p in data["heldOut"] for _ in range(k)], e["longContext"], e["longCalls"], 1.0)
    right = torch.tensor([float(is_right(s, data)) for s in samples]).view(-1, k).mean(1)
    result = dict(accuracy=right.mean().item(), error=(right.std() / math.sqrt(len(right))).item(), calls=mean(s.calls for s in samples))
    say(evaluation=label, n=len(right), k=k, **result)
    return result


# ---- the lab's own runs --------------------------------------------------------------------------------------------------------------

def of_cell(cell):
    """The same numbers from a cell of the lab (study/cell.ts)"""
    run = cell["run"]; column, x = run["rounds"]["metrics"]["tool_use/avg_tool_calls_per_trajectory"], run["rounds"]["x"]
    def calls(low, high): return [v for at, v in zip(x, column) if low <= at < high and v is not None]
    held = {b["phase"]: b for b in run["benchmarks"] if b["benchmark"] == "inRange" and b["budget"] == "long" and b.get("temperature") == 1}
    return numbers(calls(run["stage1"], run["stage2"]), calls(run["stage2"], math.inf), *(
        dict(accuracy=held[p]["meanAtK"], calls=held[p]["toolCalls"]) for p in ("baseline", "evaluation")))


def numbers(stage1, stage2, before, after):
    return {"calls, first round of GRPO": stage1[0], "calls, end of stage 1": mean(stage1[-ROUNDS:]), "calls, end of stage 2": mean(stage2[-ROUNDS:]),
            "held-out accuracy before": before["accuracy"], "held-out accuracy after": after["accuracy"],
            "held-out calls before": before["calls"], "held-out calls after": after["calls"]}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", required=True); ap.add_argument("--base", required=True); ap.add_argument("--seed", type=int, default=101)
    ap.add_argument("--samples", type=int, default=4, help="of each held-out problem"); ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--cells", help="folder of the lab's cells to compare with"); ap.add_argument("--variant")
    a = ap.parse_args()
    torch.set_num_threads(a.threads); torch.manual_seed(a.seed); r = random.Random(a.seed)
    data = json.load(open(a.data)); s = data["settings"]; start = time.time()
    longest = max(s["stage1"]["context"], s["stage2"]["context"], s["evaluation"]["longContext"])
    policy = Policy(data["config"], load_file(a.base), longest)
    say(witness=a.data, base=a.base, seed=a.seed, torch=torch.__version__, parameters=sum(t.numel() for t in policy.w.values()))
    evaluate(policy, data, "base", 1)
    cold_start(policy, data, r)
    before, solved = evaluate(policy, data, "after the cold start", a.samples), {}
    one = grpo(policy, data, "stage1", data["stage1"], r, solved)
    evaluate(policy, data, "after stage 1", a.samples)
    two = grpo(policy, data, "stage2", stage2_prompts(data, solved), r, solved)
    after = evaluate(policy, data, "after stage 2", a.samples)
    mine = numbers([x["calls"] for x in one], [x["calls"] for x in two], before, after)
    say(summary=mine, seconds=round(time.time() - start))
    if a.cells is None: return
    labs = [of_cell(cell) for cell in map(json.load, map(open, glob.glob(f"{a.cells}/*.json"))) if cell["run"]["variant"] == a.variant]
    for name, value in mine.items():
        low, high = (pick(lab[name] for lab in labs) for pick in (min, max))
        say(number=name, witness=round(value, 4), lab=[low, high], seeds=len(labs), within=low <= value <= high)


if __name__ == "__main__":
    main()

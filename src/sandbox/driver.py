"""The Python side of the sandbox: runs a batch of cells, each in its trajectory's namespace, with typed results.

Invariants. (1) A cell that does not end `ok` leaves no trace, neither names nor mutated objects. (2) A result depends
only on the trajectory's earlier ok cells, the cell's index and its code: `random` is reseeded for every cell, and
there is no clock and no entropy. (3) `report` is called exactly once per cell, in order.

How a failed cell is undone: its trajectory's ok cells that may have left something behind are kept, compiled, in a
log; after a failure the namespace is dropped, and rebuilt by running the log again when it is next needed. Unlike a
deep copy before each cell this costs nothing while cells succeed, and it also undoes what cannot be copied (functions
with their closures, class attributes, generators). Its limit: the rebuild takes as long as those cells took, and it has
the time that its trajectory's cells left unspent (pool.ts). A cell that ran once and does not run again is dropped from
the log, and what the time did not suffice for as well; the report says that something was lost.
"""

import ast
import decimal
import gc
import json
import opcode
import re
import sys
import warnings

# A cell that only reads these names (unless redefined) and constants, and binds nothing, can leave nothing behind.
PURE_BUILTINS = frozenset("abs bool divmod float int len max min pow print round sorted str sum range <show> <power>".split())

# Every instruction that binds, changes or deletes something outside a comprehension's own variables.
BINDING_OPCODES = frozenset(
    number
    for name, number in opcode.opmap.items()
    if name.startswith(("STORE_", "DELETE_", "IMPORT_", "SETUP_ANNOTATIONS")) and not name.startswith("STORE_FAST")
)


# Where an object lies in memory depends on everything that this worker has done before.
_PLACE = re.compile(r" at 0x[0-9a-f]+>")
_PLACE_LENGTH = 32


def _placeless(text):
    return _PLACE.sub(" at 0x...>", text) if " at 0x" in text and "<" in text else text


class Output:
    """The first `limit` characters of what a cell prints."""

    def __init__(self, limit):
        self.parts = []
        self.room = limit

    def write(self, text):
        text = _text(text)
        if self.room > 0:
            self.parts.append(_placeless(text[: self.room + _PLACE_LENGTH])[: self.room])
            self.room -= len(text)
        return len(text)

    def flush(self):
        pass

    def text(self):
        return "".join(self.parts).removesuffix("\n")


class Namespace:
    """One trajectory's variables, and the log that rebuilds them."""

    def __init__(self, trajectory):
        self.trajectory = trajectory
        self.log = []
        self.stale = True
        self.variables = {}
        self.context = None

    def ready(self):
        """Bring the variables to what the log says, if a failed cell left them in doubt."""
        global _lost
        if self.stale and self.log:
            _arm(True)
        while self.stale:
            self.variables = {"__name__": "__main__", "__builtins__": _builtins}
            self.context = decimal.Context()
            try:
                failed = self.first_failure()
            except KeyboardInterrupt:
                # The time is up; it has begun no cell that could still be told from the others.
                self.log.clear()
                _lost = True
                continue
            if failed is None:
                self.stale = False
            else:
                # Half of it may have happened, so the rest is run again without it.
                del self.log[failed]
                _lost = True

    def first_failure(self):
        """Run the log. Returns where in it a cell did not run again, or None."""
        for position, (index, cell) in enumerate(self.log):
            try:
                self.execute(index, cell)
            except KeyboardInterrupt:
                raise
            except BaseException:
                return position
        return None

    def execute(self, index, cell):
        """Run a cell that may use anything: `random` and `decimal` begin as the trajectory and the cell's index say."""
        guard.generator.seed(self.trajectory * 1_000_003 + index)
        decimal.setcontext(self.context)
        cell.run(self.variables)
        self.context = decimal.getcontext()


def _show(value):
    if value is not None:
        sys.stdout.write(repr(value))
        sys.stdout.write("\n")


_namespaces = {}
_builtins = guard.safe_builtins(_show)
_sink = Output(0)
_lost = False  # whether the rebuild before the present cell could not bring everything back


def _compile_value(source):
    """The code object of a plain expression's value, or None where the cell is or may be something else."""
    # Without a tree this takes a quarter of the time. A statement is not worth the attempt: nearly every one has one of these signs.
    if "=" in source or ";" in source or "\n" in source or not guard.is_plain(source):
        return None
    try:
        return compile(source, "<cell>", "eval")
    except SyntaxError:
        return None


def _compile(source):
    """The code object of a cell that prints the value of its last expression."""
    tree = ast.parse(source, "<cell>")
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        show = ast.copy_location(ast.Name("<show>", ast.Load()), last)
        last.value = ast.copy_location(ast.Call(show, [last.value], []), last)
    if not guard.is_plain(source):
        tree = ast.fix_missing_locations(guard.check_and_rewrite(tree))
    return compile(tree, "<cell>", "exec")


def _only_reads(code):
    """Whether the code binds nothing and names nothing but the pure builtins."""
    # Code within the cell is a function's, a class's or a lambda's: it may bind whatever it likes when it is called.
    if any(hasattr(constant, "co_names") for constant in code.co_consts):
        return False
    # Instructions are two bytes each, the first of which is the opcode; inline caches read as opcode 0.
    if not BINDING_OPCODES.isdisjoint(code.co_code[::2]):
        return False
    return PURE_BUILTINS.issuperset(code.co_names)


class Cell:
    """What the text of a cell alone decides: whether it can run, its code object, and whether that only reads."""

    def __init__(self, source):
        self.problem = None
        self.code = None
        self.is_value = False
        self.only_reads = False
        problem = _format_problem(source)
        if problem is not None:
            self.problem = ("format", problem)
            return
        try:
            source = source.strip() if "\n" not in source.strip() else source
            self.code = _compile_value(source)
            self.is_value = self.code is not None
            if not self.is_value:
                self.code = _compile(source)
            self.only_reads = _only_reads(self.code)
        except (SyntaxError, ValueError, NameError, AttributeError, RecursionError) as error:
            self.problem = ("error", _describe(error))
        except MemoryError:
            self.problem = ("error", "SyntaxError: too deeply nested")

    def run(self, variables):
        """Run it, and print the value of its last expression."""
        if self.is_value:
            _show(eval(self.code, variables))
        else:
            exec(self.code, variables)

    def leaves_nothing(self, variables):
        """Whether the trajectory's variables are certain to be as they were afterwards."""
        return self.only_reads and variables.keys().isdisjoint(self.code.co_names)


# A policy writes the same few thousand cells again and again, and looking at one and compiling it takes longer than running it.
CELLS_KEPT = 8192
_cells = {}


def _cell(source):
    cell = _cells.get(source)
    if cell is None:
        _arm(False)
        cell = Cell(source)
        if len(_cells) >= CELLS_KEPT:
            _cells.clear()
        _cells[source] = cell
    return cell


def _format_problem(source):
    """Why this is not a cell at all, or None."""
    if type(source) is not str:
        return "the code is not text"
    if len(source) > _max_code_length:
        return f"the code has {len(source)} characters; at most {_max_code_length} are allowed"
    if not source.strip():
        return "the code is empty"
    if "\0" in source or any("\ud800" <= character <= "\udfff" for character in source):
        return "the code holds a character that Python cannot read"
    return None


def _text(value):
    """A plain string: a cell's own kind of string may say anything when it is cut or put into another."""
    return value if type(value) is str else str.__str__(value)


def _describe(error):
    """The last line of the traceback, e.g. "ZeroDivisionError: division by zero"."""
    try:
        text = _text(error.msg if isinstance(error, SyntaxError) else str(error))
    except KeyboardInterrupt:
        raise
    except BaseException:
        text = ""
    name = _text(type(error).__name__)
    return _placeless(f"{name}: {text}" if text else name)[:_max_output_length]


def _failure(error, output):
    text = _describe(error)
    # On 32-bit wasm a length of 2**31 or more is an OverflowError before it can be a MemoryError.
    if isinstance(error, MemoryError) or (isinstance(error, OverflowError) and "index-sized" in text):
        return "memory", text, ""
    return "error", text, output.text()


def _run_cell(trajectory, index, source):
    """(kind, text, output, stateful): text is the output or the message; stateful says a rebuild needs this cell."""
    cell = _cell(source)
    if cell.problem is not None:
        return *cell.problem, "", False
    namespace = _namespaces.get(trajectory)
    if namespace is None:
        namespace = _namespaces[trajectory] = Namespace(trajectory)
    output = Output(_max_output_length + 1)
    try:
        namespace.ready()
        _arm(False)
        stateful = not cell.leaves_nothing(namespace.variables)
        namespace.stale = stateful
        sys.stdout = output
        try:
            if stateful:
                namespace.execute(index, cell)
            else:
                cell.run(namespace.variables)  # it reaches neither `random` nor `decimal`
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return *_failure(error, output), False
        if stateful:
            namespace.log.append((index, cell))
            namespace.stale = False
        return "ok", output.text()[:_max_output_length], "", stateful
    finally:
        sys.stdout = _sink


def run_batch(payload):
    """Runs `[[trajectory, index, code], ...]` in order; each result goes to `report(position, kind, text, output, stateful, lost)`."""
    global _lost
    for position, (trajectory, index, source) in enumerate(json.loads(payload)):
        _lost = False
        # The interrupt fires once per arming, so KeyboardInterrupt cannot strike inside this handler.
        try:
            _report(position, *_run_cell(trajectory, index, source), _lost)
        except KeyboardInterrupt:
            _report(position, "timeout", "", "", False, _lost)


def release(payload):
    """Forgets the namespaces of `[trajectory, ...]`."""
    try:
        _arm(False)
        left = [_namespaces.pop(trajectory, None) for trajectory in json.loads(payload)]
        if any(namespace is not None and (namespace.log or namespace.stale) for namespace in left):
            del left
            gc.collect()
    except KeyboardInterrupt:
        pass


def install(arm, report, max_code_length, max_output_length):
    """Wires the driver to the worker: `arm(rebuilding)` starts the clock of what follows, `report` ends a cell."""
    global _arm, _report, _max_code_length, _max_output_length
    _arm, _report = arm, report
    _max_code_length, _max_output_length = max_code_length, max_output_length
    sys.stdout = sys.stderr = _sink
    warnings.simplefilter("ignore")
    # What a generator does when it is collected belongs to no other trajectory's cell, so that is done between them only.
    gc.disable()
    gc.freeze()

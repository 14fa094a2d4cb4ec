"""What a cell may say and reach: the source check, the builtins, the modules.

Invariant: the objects a cell can name belong to its own namespace, are immutable, or are guarded; so a cell can read
no other trajectory, change nothing another trajectory sees, and find no clock, entropy, file, network or JavaScript.

How: (1) names and attributes with two leading underscores are refused unless listed (`ALLOWED_DUNDERS`), as are the
attributes that lead to frames, code and globals (`FORBIDDEN_ATTRIBUTES`); (2) builtins are an allow-list; (3) an
imported module is an immutable facade that holds public names only; (4) assigning an attribute goes through `<write>`,
which refuses classes and functions that the cell did not define; (5) `**` goes through `<power>`, which refuses numbers
too long to be of use, because a long C call cannot be interrupted; (6) a bare `except:` does not catch the deadline.

This is defence in depth for code written by a small model, NOT a security boundary: CPython was never one. What holds
against a determined author is the worker around it (see interpreter.ts for what that does and does not protect).
"""

import ast
import builtins
import enum
import importlib
import math
import random
import re
import types

# A number of 2**18 bits has 79,000 digits; computing a power of that length takes well under any sensible deadline.
MAX_INTEGER_BITS = 2**18

ALLOWED_DUNDERS = frozenset(
    f"__{name}__"
    for name in (
        "name doc init new str repr format bool hash len iter next reversed contains getitem setitem delitem call"
        " eq ne lt le gt ge add sub mul truediv floordiv mod pow divmod matmul neg pos abs invert and or xor lshift"
        " rshift radd rsub rmul rtruediv rfloordiv rmod rpow rmatmul rand ror rxor rlshift rrshift iadd isub imul"
        " itruediv ifloordiv imod ipow int float complex index round trunc floor ceil enter exit slots"
    ).split()
)

FORBIDDEN_ATTRIBUTES = frozenset(
    "gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await tb_frame tb_next"
    " tb_lasti tb_lineno f_back f_builtins f_code f_generator f_globals f_locals f_trace"
    # AttributeError.obj hands out the object that str.format walked to; register changes isinstance for everybody.
    " obj mro register".split()
)

# Source for which every check below is known to pass. A dot before a letter is an attribute; "**" and the rest need
# the rewrite. Non-ASCII source is checked, because Python normalises identifiers (a full-width low line becomes "_").
_NEEDS_CHECK = re.compile(r"[^\x00-\x7f]|__|\*\*|\.(?!\d)|\bexcept\b|\bmatch\b|\bimport\b")


def is_plain(source):
    """True when `source` holds nothing that `check_and_rewrite` would refuse or change."""
    return _NEEDS_CHECK.search(source) is None


class _Rewriter(ast.NodeTransformer):
    def visit(self, node):
        for field, value in ast.iter_fields(node):
            if type(value) is str and type(node) not in (ast.Constant, ast.Attribute):
                _check_name(value)
            elif type(value) is list and value and type(value[0]) is str:
                for name in value:
                    _check_name(name)
        return super().visit(node)

    def visit_Attribute(self, node):
        _check_attribute(node.attr)
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            node.value = _call("<write>", node.value)
        return node

    def visit_MatchClass(self, node):
        for name in node.kwd_attrs:
            _check_attribute(name)
        return self.generic_visit(node)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return _call("<power>", node.left, node.right) if isinstance(node.op, ast.Pow) else node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow) and isinstance(node.target, ast.Name):
            read = ast.Name(node.target.id, ast.Load())
            return ast.Assign([node.target], _call("<power>", read, node.value))
        return node

    def visit_ExceptHandler(self, node):
        self.generic_visit(node)
        if node.type is None:
            node.type = ast.Name("<Exception>", ast.Load())
        return node


def _call(name, *arguments):
    # No source can spell a name with angle brackets, so a cell can neither call nor replace these.
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _check_name(name):
    if name.startswith("__") and name not in ALLOWED_DUNDERS:
        raise NameError(f"name '{name}' is not available here")


def _check_attribute(name):
    if name in FORBIDDEN_ATTRIBUTES or (name.startswith("__") and name not in ALLOWED_DUNDERS):
        raise AttributeError(f"attribute '{name}' is not available here")


def check_and_rewrite(tree):
    """The tree with guarded powers, attribute writes and bare excepts. Raises NameError or AttributeError."""
    return _Rewriter().visit(tree)


def _power(base, exponent, modulus=None):
    if modulus is not None:
        return pow(base, exponent, modulus)
    if isinstance(exponent, int) and exponent > 1:
        for part in (getattr(base, "numerator", None), getattr(base, "denominator", None)):
            if isinstance(part, int) and part.bit_length() * exponent > MAX_INTEGER_BITS and abs(part) > 1:
                raise MemoryError("the power would be too long a number")
    return pow(base, exponent)


def _bounded(function, bits):
    def guarded(*arguments):
        if all(isinstance(argument, int) for argument in arguments) and bits(*arguments) > MAX_INTEGER_BITS:
            raise MemoryError(f"the result of {function.__name__} would be too long a number")
        return function(*arguments)

    guarded.__name__ = guarded.__qualname__ = function.__name__
    return guarded


def _write(target):
    """The object whose attribute is about to change, if the cell may change it."""
    if isinstance(target, (type, types.FunctionType)) and target.__module__ != "__main__":
        raise TypeError(f"'{target.__name__}' cannot be changed here")
    if isinstance(target, (enum.Enum, types.ModuleType)):
        raise TypeError("this object cannot be changed here")
    return target


def _safe_getattr(target, name, *default):
    if type(name) is not str:
        raise TypeError("attribute name must be a string")
    _check_attribute(name)
    return getattr(target, name, *default)


def _safe_hasattr(target, name):
    try:
        _safe_getattr(target, name)
    except AttributeError:
        return False
    return True


def _type_of(target):
    # The three-argument form makes classes past the source check, and `type` itself would lead back to it.
    result = type(target)
    if issubclass(result, type):
        raise TypeError("the type of a class is not available here")
    return result


class Facade(types.ModuleType):
    """A module's public names, read-only: what one trajectory imports, all of them share."""

    def __setattr__(self, name, value):
        raise AttributeError(f"module '{self.__name__}' cannot be changed here")

    __delattr__ = __setattr__


class _SeededRandom(random.Random):
    """random.Random whose default seed comes from the cell's generator, so that nothing asks the system for entropy."""

    def __init__(self, x=None):
        super().__init__(x if x is not None else generator.getrandbits(64))

    def seed(self, a=None, version=2):
        super().seed(a if a is not None else generator.getrandbits(64), version)


generator = random.Random(0)


def _random_names():
    names = {name: getattr(generator, name) for name in random.__all__ if hasattr(generator, name)}
    return names | {"Random": _SeededRandom, "seed": lambda a=None: generator.seed(0 if a is None else a)}


def _math_names():
    names = {name: value for name, value in vars(math).items() if not name.startswith("_")}
    length = lambda n: abs(n).bit_length()
    return names | {
        "factorial": _bounded(math.factorial, lambda n, *_: n * length(n)),
        "comb": _bounded(math.comb, lambda n, k=0, *_: min(k, n - k) * length(n)),
        "perm": _bounded(math.perm, lambda n, k=None, *_: (n if k is None else k) * length(n)),
    }


def _statistics_names():
    # Without a seed both would take the system's entropy: NormalDist.samples by one name, kde_random by the other.
    seeded = types.SimpleNamespace(random=generator.random, Random=_SeededRandom)
    module = importlib.import_module("statistics")
    module.random = module._random = seeded
    return _public("statistics")


# Left out on purpose: functools.wraps and update_wrapper read any attribute by name; the decimal contexts are shared.
_PUBLIC = {
    "math": _math_names,
    "random": _random_names,
    "fractions": None,
    "decimal": lambda: {n: v for n, v in _public("decimal").items() if not n.endswith("Context") or n == "Context"},
    "itertools": None,
    "functools": lambda: {n: v for n, v in _public("functools").items() if n in _FUNCTOOLS},
    "statistics": _statistics_names,
    "re": None,
}
_FUNCTOOLS = {"cache", "lru_cache", "cmp_to_key", "partial", "reduce"}


def _public(name):
    module = importlib.import_module(name)
    names = getattr(module, "__all__", None) or [key for key in vars(module) if not key.startswith("_")]
    return {key: getattr(module, key) for key in names if not isinstance(getattr(module, key), types.ModuleType)}


facades = {}


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    facade = facades.get(name)
    if facade is None:
        if level != 0 or name not in _PUBLIC:
            raise ImportError(f"'{name}' cannot be imported here; there are {', '.join(_PUBLIC)}")
        facade = Facade(name)
        make = _PUBLIC[name]
        vars(facade).update(make() if make else _public(name))
        facades[name] = facade
    return facade


_BUILTIN_NAMES = (
    "abs all any ascii bin bool bytes callable chr complex dict divmod enumerate filter float format frozenset hash"
    " hex int isinstance issubclass iter len list map max min next object oct ord print property range repr reversed"
    " round set slice sorted staticmethod classmethod str sum super tuple zip True False None NotImplemented Ellipsis"
    " __build_class__ Exception ArithmeticError AssertionError AttributeError FloatingPointError ImportError"
    " IndentationError IndexError KeyError LookupError MemoryError ModuleNotFoundError NameError NotImplementedError"
    " OverflowError RecursionError RuntimeError StopIteration SyntaxError TypeError UnboundLocalError ValueError"
    " ZeroDivisionError"
).split()


def safe_builtins(show):
    """The builtins of every namespace. `show` prints the value of a cell's last expression."""
    return {name: getattr(builtins, name) for name in _BUILTIN_NAMES} | {
        "__import__": _import,
        "pow": _power,
        "type": _type_of,
        "getattr": _safe_getattr,
        "hasattr": _safe_hasattr,
        "<show>": show,
        "<power>": _power,
        "<write>": _write,
        "<Exception>": Exception,
    }

"""A guard that guards nothing, for tests of the walls behind it: a cell may say anything, and has JavaScript in its hands."""

import builtins
import random
import sys

import js

generator = random.Random(0)


def is_plain(source):
    return True


def check_and_rewrite(tree):
    return tree


def safe_builtins(show):
    return vars(builtins) | {"<show>": show, "js": js, "sys": sys}

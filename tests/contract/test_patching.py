"""``localstack.utils.patch``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from localstack.utils.patch import Patch, Patches, patch


def greet(name: str) -> str:
    return f"hello {name}"


class Base:
    def greet(self, name: str) -> str:
        return f"{type(self).__name__} greets {name}"

    @staticmethod
    def add(a: int, b: int) -> int:
        return a + b

    @classmethod
    def kind(cls, suffix: str) -> str:
        return cls.__name__ + suffix


class Derived(Base): ...


def louder(original: Callable[..., Any], *args: Any) -> str:
    return f"{original(*args)}!"


def test_a_function_of_a_module_is_replaced_and_put_back() -> None:
    change = Patch.function(greet, louder)
    change.apply()
    change.apply()
    assert (greet("you"), change.is_applied) == ("hello you!", True)
    change.undo()
    change.undo()
    assert (greet("you"), change.is_applied) == ("hello you", False)


def test_a_function_may_be_replaced_without_its_original() -> None:
    with Patch.function(greet, lambda name: f"bye {name}", pass_target=False):
        assert greet("you") == "bye you"
    assert greet("you") == "hello you"


def test_a_method_gets_the_original_and_its_object() -> None:
    def with_title(original: Callable[..., str], self: Base, name: str) -> str:
        return original(self, f"Dr {name}")

    with Patch.function(Base.greet, with_title):
        assert Derived().greet("No") == "Derived greets Dr No"
    assert Derived().greet("No") == "Derived greets No"


def test_a_method_that_is_inherited_is_replaced_where_it_is_defined() -> None:
    with Patch.function(Derived.greet, louder):
        assert Base().greet("you") == "Base greets you!"


def test_static_and_class_methods_stay_what_they_are() -> None:
    with Patches(
        [Patch.function(Base.add, lambda original, a, b: original(a, b) * 10), Patch.function(Base.kind, louder)]
    ):
        assert (Base.add(1, 2), Base().add(1, 2)) == (30, 30)
        assert (Base.kind("?"), Base().kind("?")) == ("Base?!", "Base?!")
    assert (Base().add(1, 2), Derived.kind("?")) == (3, "Derived?")
    assert isinstance(vars(Base)["add"], staticmethod)


def test_a_method_of_one_object_is_replaced_for_that_object_only() -> None:
    one, other = Base(), Base()
    with Patch.function(one.greet, louder):
        assert (one.greet("a"), other.greet("a")) == ("Base greets a!", "Base greets a")
    assert vars(one) == {}
    with Patch.function(one.greet, lambda self, name: f"{type(self).__name__}: {name}", pass_target=False):
        assert one.greet("a") == "Base: a"


def test_an_attribute_that_was_not_there_is_gone_again() -> None:
    def shout(self: Base) -> str:
        return "HEY"

    with Patch.extend_class(Base, shout):
        assert Derived().shout() == "HEY"  # type: ignore[attr-defined]
    assert not hasattr(Base, "shout")
    with Patch(Derived, "greet", lambda self, name: "own"):
        assert (Derived().greet(""), Base().greet("b")) == ("own", "Base greets b")
    assert "greet" not in vars(Derived)


def test_several_patches_are_undone_in_reverse_order() -> None:
    patches = Patches()
    patches.function(greet, louder)
    patches.add(Patch(sys.modules[__name__], "greet", lambda name: "last"))
    patches.apply()
    assert greet("you") == "last"
    patches.undo()
    assert greet("you") == "hello you"


def test_the_decorator_applies_at_once_and_returns_the_function() -> None:
    original = json.dumps
    try:

        @patch(json.dumps)
        def dumps(fn: Callable[..., str], obj: Any, **kwargs: Any) -> str:
            return fn(obj, **kwargs | {"sort_keys": True})

        assert json.dumps({"b": 1, "a": 2}) == '{"a": 2, "b": 1}'
        assert dumps.__name__ == "dumps"
        assert json.dumps.__doc__ == original.__doc__
    finally:
        json.dumps = original


def test_what_is_defined_inside_a_function_is_refused() -> None:
    def inner() -> None: ...

    with pytest.raises(ValueError, match="defined inside a function"):
        Patch.function(inner, louder)

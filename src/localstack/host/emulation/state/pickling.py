"""Pickling moto's stores: what pickle can't do by itself, and which stores hold objects of each other."""

from __future__ import annotations

import importlib
import inspect
import pickle
import threading
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from tempfile import SpooledTemporaryFile
from types import CellType, CodeType, FunctionType, ModuleType
from typing import IO, Any, NamedTuple, get_args

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

from localstack.host.emulation.object_content import ObjectContent
from localstack.host.emulation.state.bodies import LARGE_BYTES, BodyFile
from localstack.host.emulation.state.progress import Writable
from localstack.host.emulation.state.stores import (
    account_in,
    backends,
    key_of,
    new_backend,
    set_state,
    shared_state,
    state_of,
    store_of,
)

Reduced = tuple[Any, ...]
_PROTOCOL = 5


class StorePickler(pickle.Pickler):
    """Writes stores with their backends.

    :ivar reached: identities of moto's objects that were written; two stores that reach one belong together
    :ivar bodies: files with large contents that the pickle refers to by their number, and does not hold
    :ivar is_running: whether a thread of moto goes on to change what was written
    """

    def __init__(self, file: Writable) -> None:
        super().__init__(file, _PROTOCOL)
        self.reached: set[int] = set()
        self.bodies: list[BodyFile] = []
        self.is_running = False

    def write(self, stores: Sequence[BackendDict[Any]]) -> None:
        """Write the stores with everything in them.

        :raises Exception: whatever pickling an object of moto raises
        """
        self.dump([(key_of(store), shared_state(store), [b for _, _, b in backends(store)]) for store in stores])

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        rule = _RULES.get(kind)
        if rule is None:
            rule = _RULES[kind] = _rule_for(kind)
        if rule is _as_moto_object or rule is _as_backend or rule is _as_key:
            self.reached.add(id(obj))
        elif rule is _as_thread:
            self.is_running |= obj.is_alive()
        elif rule is _as_body:
            self.bodies.append(obj)
            return _body, (len(self.bodies) - 1,)
        return rule(obj)


class StoreUnpickler(pickle.Unpickler):
    """Reads what a ``StorePickler`` wrote. The file is code: it must be one that this user wrote.

    :param body: makes the file of a number in ``bodies``
    """

    def __init__(self, file: IO[bytes], body: Callable[[int], BodyFile]) -> None:
        super().__init__(file)
        self._body = body

    def read(self) -> list[StoredStore]:
        """What a store shares, and its backends, by the store's key.

        :raises Exception: whatever reading a damaged file raises
        """
        return [StoredStore(*entry) for entry in self.load()]

    def find_class(self, module_name: str, name: str) -> Any:
        if module_name == __name__ and name == _body.__name__:
            return self._body
        return super().find_class(module_name, name)


class StoredStore(NamedTuple):
    """A store as it is in a pickle."""

    key: str
    shared: dict[str, Any]
    backends: list[BaseBackend]


def _body(number: int) -> BodyFile:
    """Stands in pickles for a file; the unpickler puts another function in its place."""
    raise pickle.UnpicklingError(f"body {number} is outside of the pickle")


def _as_usual(obj: Any) -> Any:
    return NotImplemented


def _as_moto_object(obj: Any) -> Any:
    """As usual, too; told apart because stores may share such an object."""
    return NotImplemented


def _as_key(obj: Any) -> Any:
    """An object of S3: moto would write its contents into the pickle, at each save again."""
    if obj.disposed or obj.contentsize < LARGE_BYTES:
        return NotImplemented
    return _bare, (type(obj),), vars(obj), None, None, _set_attributes


def _set_attributes(obj: Any, attributes: dict[str, Any]) -> None:
    vars(obj).update(attributes)


def _as_body(obj: Any) -> Any:
    """The contents of a large object, which the pickler only numbers."""
    return NotImplemented


def _as_backend(obj: BaseBackend) -> Any:
    key = f"{type(obj).__module__}:{type(obj).__qualname__}"
    return new_backend, (key,), state_of(obj), None, None, set_state


def _as_bare_dictionary(obj: Any) -> Reduced:
    """A dictionary of a class whose constructor needs more than pickle would give it."""
    factory = getattr(obj, "default_factory", None)
    return _bare, (type(obj),), (factory, vars(obj)), None, iter(obj.items()), _set_dictionary_state


def _set_dictionary_state(obj: Any, state: tuple[Any, dict[str, Any]]) -> None:
    factory, attributes = state
    vars(obj).update(attributes)
    if isinstance(obj, defaultdict):
        obj.default_factory = factory


def _as_bare_exception(obj: BaseException) -> Reduced:
    return _bare, (type(obj), *obj.args), vars(obj)


def _bare(kind: type, *arguments: Any) -> Any:
    """An instance without the call of its constructor."""
    return kind.__new__(kind, *arguments)


def _as_place_of_account(obj: AccountSpecificBackend[Any]) -> Reduced:
    return account_in, (f"{obj.backend.__module__}:{obj.backend.__qualname__}", obj.account_id)


def _as_function(obj: FunctionType) -> Any:
    """A function inside another one, a lambda for example, by where its code is found: the code itself stays moto's."""
    if "<locals>" not in obj.__qualname__:
        return NotImplemented
    cells = tuple(cell.cell_contents for cell in obj.__closure__ or ())
    place = obj.__module__, obj.__code__.co_qualname, obj.__code__.co_firstlineno
    return _function_at, (*place, cells, obj.__defaults__, obj.__kwdefaults__)


def _function_at(
    module_name: str, name: str, line: int, cells: tuple[Any, ...], defaults: Any, keyword_defaults: Any
) -> FunctionType:
    """The function of that name whose code begins in that line of a module, with its closure.

    :raises LookupError: when the module has no such code
    """
    module = importlib.import_module(module_name)
    outer: Any = module
    for part in name.partition(".<locals>")[0].split("."):
        outer = getattr(outer, part)
    function: Any = inspect.unwrap(getattr(outer, "fget", outer))
    for code in _codes_in(function.__code__):
        if (code.co_qualname, code.co_firstlineno) == (name, line):
            made = FunctionType(code, vars(module), None, defaults, tuple(CellType(value) for value in cells))
            made.__kwdefaults__ = keyword_defaults
            return made
    raise LookupError(f"{module_name} has no {name} in line {line}")


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes_in(constant)


def _as_thread(obj: threading.Thread) -> Reduced:
    """A thread's own attributes, without what the thread itself is: it does not run on."""
    own = {name: value for name, value in vars(obj).items() if name not in vars(threading.Thread())}
    return _unstarted_thread, (type(obj),), own


def _unstarted_thread(kind: type[threading.Thread]) -> threading.Thread:
    thread: threading.Thread = _bare(kind)
    threading.Thread.__init__(thread)
    return thread


def _as_private_key(obj: PrivateKeyTypes) -> Reduced:
    encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    return _private_key, (obj.private_bytes(encoding, form, serialization.NoEncryption()),)


def _private_key(data: bytes) -> PrivateKeyTypes:
    return serialization.load_der_private_key(data, None)


def _as_public_key(obj: PublicKeyTypes) -> Reduced:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return _public_key, (obj.public_bytes(encoding, form),)


def _public_key(data: bytes) -> PublicKeyTypes:
    return serialization.load_der_public_key(data)


_CERTIFICATES = (x509.Certificate, x509.CertificateSigningRequest, x509.CertificateRevocationList)
_LOADERS: dict[str, Callable[[bytes], Any]] = {
    "Certificate": x509.load_der_x509_certificate,
    "CertificateSigningRequest": x509.load_der_x509_csr,
    "CertificateRevocationList": x509.load_der_x509_crl,
}


def _as_certificate(obj: Any) -> Reduced:
    return _certificate, (type(obj).__name__, obj.public_bytes(serialization.Encoding.DER))


def _certificate(kind: str, data: bytes) -> Any:
    return _LOADERS[kind](data)


def _as_weak_proxy(obj: Any) -> Reduced:
    """What a proxy stands for is reached through a method: everything else of it pretends to be the object itself."""
    return weakref.proxy, (obj.__reduce_ex__.__self__,)


_RULES: dict[type, Callable[[Any], Any]] = {
    type(threading.Lock()): lambda obj: (threading.Lock, ()),
    type(threading.RLock()): lambda obj: (threading.RLock, ()),
    threading.Condition: lambda obj: (threading.Condition, (obj._lock,)),  # who waits on it stays behind
    weakref.ProxyType: _as_weak_proxy,
    weakref.WeakValueDictionary: lambda obj: (weakref.WeakValueDictionary, (dict(obj),)),
    AccountSpecificBackend: _as_place_of_account,
    FunctionType: _as_function,
    ModuleType: lambda obj: (importlib.import_module, (obj.__name__,)),
    SpooledTemporaryFile: _as_body,
    ObjectContent: _as_body,
}
"""How objects of a type are written; filled up with the types that are met."""


def _rule_for(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, BaseBackend):
        return _as_backend
    if issubclass(kind, BackendDict):
        return lambda obj: (store_of, (key_of(obj),))
    if issubclass(kind, threading.Thread):
        return _as_thread
    if issubclass(kind, get_args(PrivateKeyTypes)):
        return _as_private_key
    if issubclass(kind, get_args(PublicKeyTypes)):
        return _as_public_key
    if issubclass(kind, _CERTIFICATES):
        return _as_certificate
    if (kind.__module__, kind.__name__) == ("moto.s3.models", "FakeKey"):
        return _as_key
    if kind.__module__.startswith("moto.") and issubclass(kind, defaultdict | OrderedDict):
        return _as_bare_dictionary
    if kind.__module__.startswith("moto.") and issubclass(kind, BaseException):
        return _as_bare_exception
    if kind.__module__.startswith("moto.") and not issubclass(kind, type | Enum):
        return _as_moto_object
    return _as_usual

# Copyright (c) 2026, the ontap.akv authors
# BSD-2-Clause license (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This module util is private to the collection: it may change at any time.

"""A task's arguments as they were given, before Ansible converts them: their types, their secrets, what may be shown.

Ansible's ``type: str`` makes a text of everything. So types are checked here first. A module, its action plugin and
the event sources share these functions.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import typing as t
from collections.abc import Iterator, Mapping

from ansible_collections.ontap.akv.plugins.module_utils._runtime import errors, texts
from ansible_collections.ontap.akv.plugins.module_utils._runtime.redaction import MASK

Spec = Mapping[str, Mapping[str, t.Any]]
"""An argument specification, as AnsibleModule takes it."""

CLUSTER = "_ontap_akv_cluster"
"""An argument that no task gives: the ``name`` and the ``address`` of the inventory's host, which the action adds."""

THREADS: dict[str, t.Any] = {"threads": {"type": "int", "default": 8}}
"""The option of a task that serves many side by side; `parallel` checks it."""

_TEXT_TYPES = ("str", "path")
_NUMBER_TYPES = ("int", "float")

_SECRETS = frozenset(
    {
        *("client_certificate", "client_secret", "key", "pass", "password", "previous_client_certificate"),
        *("previous_client_secret", "proxy_password"),
    }
)
"""Names of secrets wherever they are given, also to a module that does not take them."""

_LOGIN = ("hostname", "username", "password")
_CERTIFICATE = ("cert", "cert_filepath")
_PLACES = "the task, in module_defaults for group/ontap.akv.akv"
_MISSING = re.compile(r"missing required arguments: (\w+(?:, \w+)*)")
_KEY = "PRIVATE KEY-----"
_LONGEST_PATH = 255  # characters of a path that is shown; a certificate with its key has more


def check(spec: Spec, given: Mapping[str, t.Any], place: str = "") -> None:
    """Check that text was given where text is wanted, a finite number, and a list of objects where these are wanted.

    :param place: the entry that the arguments belong to, with a dot at its end, for messages
    :raises InputError: names the option and the type that was given; no value is shown
    """
    _check(_by_any_name(spec), given, place)


def _check(options: Spec, given: Mapping[str, t.Any], place: str) -> None:
    for name, value in given.items():
        if not isinstance(name, str):
            raise errors.InputError(f"{place}{name}", "is not an option: the name of an option is text.")
        option = options.get(name)
        if option is None or value is None:
            continue
        where = f"{place}{name}"
        if "options" in option:
            _check_objects(option, value, where)
        elif option.get("type", "str") in _TEXT_TYPES:
            _check_text(where, value)
        elif option["type"] in _NUMBER_TYPES:
            _check_is_finite(where, value)
        elif option.get("elements") in _TEXT_TYPES:
            # Ansible takes a single value for a list of one.
            for number, item in enumerate(value) if isinstance(value, (list, tuple)) else [(None, value)]:
                item_of = where if number is None else f"{where}[{number}]"
                if item is None:
                    raise errors.InputError(item_of, "is null. Give text, or leave the entry out.")
                _check_text(item_of, item)


def _check_objects(option: Mapping[str, t.Any], value: t.Any, where: str) -> None:
    several = option.get("type") == "list"
    options = _by_any_name(option["options"])
    if several and not isinstance(value, (list, tuple)):
        raise errors.InputError(
            where, f"is {texts.type_of(value)}, not a list. In YAML, each entry begins with a dash."
        )
    for number, entry in enumerate(value if several else [value]):
        place = f"{where}[{number}]" if several else where
        if not isinstance(entry, Mapping):
            problem = f"is {texts.type_of(entry)}, not an object. Give the options of one entry, each with its name."
            raise errors.InputError(place, problem)
        _check(options, entry, f"{place}.")


def _check_is_finite(where: str, value: t.Any) -> None:
    """Refuse infinity, which ends Ansible's own check with a traceback, and what is not a number but passes as one."""
    try:
        finite = not isinstance(value, (float, str)) or math.isfinite(float(value))
    except ValueError:
        return
    if not finite:
        raise errors.InputError(where, f"{value} is not a finite number. Give a number.")


def _check_text(where: str, value: t.Any) -> None:
    texts.check_is_text(where, value)
    texts.check_no_placeholder(where, value)


def check_environment(spec: Spec, params: Mapping[str, t.Any]) -> None:
    """Check texts that may come from the environment: there too a placeholder is not a value.

    :param params: the validated options
    :raises InputError: names the option and the kind of placeholder
    """
    for name, option in spec.items():
        value = params.get(name)
        if "fallback" in option and isinstance(value, str):
            texts.check_no_placeholder(name, value)


def advise(spec: Spec, given: Mapping[str, t.Any], message: str, places: str = _PLACES) -> str:
    """Complete Ansible's message on arguments that it refuses: where a login can be given, and similar names.

    :param places: where options can be given, as it follows "in"
    """
    sentences = []
    missing = _MISSING.search(message)
    names = missing[1].split(", ") if missing else []
    if "hostname" in names:
        sentences.append(_no_login(spec, given, places))
    elif "tenant_id" in names:
        sentences.append("Give the login to Azure in the task, or in module_defaults for group/ontap.akv.azure.")
    known = _by_any_name(spec)
    for unknown in (str(name) for name in given if str(name) not in known):
        near = difflib.get_close_matches(unknown, known, n=1)
        sentences += [f"Did you mean {name} instead of {unknown}?" for name in near]
    if sentences and message != "missing required arguments: hostname":
        sentences.insert(0, f"{message.rstrip('.')}.")
    return " ".join(sentences) or message


def _no_login(spec: Spec, given: Mapping[str, t.Any], places: str) -> str:
    """Name what is missing of hostname and login together, so that nobody comes back for the next one."""
    variables = {name: option["fallback"][1][0] for name, option in spec.items() if "fallback" in option}
    known = {name for name, variable in variables.items() if given.get(name) or os.environ.get(variable)}
    known.update(name for name, option in spec.items() if any(given.get(alias) for alias in option.get("aliases", ())))
    wanted = _LOGIN[:1] if known & set(_CERTIFICATE) else _LOGIN
    missing = [name for name in wanted if name not in known]
    return (
        f"{', '.join(missing)}: not set. Give a value in {places}, or in the environment as"
        f" {', '.join(variables[name] for name in missing)}."
    )


def secrets_of(spec: Spec | None, given: t.Any) -> set[str]:
    """Collect the secrets among arguments: by name and alias, at any depth, whatever their type.

    With a specification, values of unknown options count too: one may be a secret under a misspelled name. So do a
    private key anywhere, and content given instead of a path: options for values and for files have similar names.
    """
    options = None if spec is None else _by_any_name(spec)
    return {secret for secret in _secrets(options, given) if secret.strip()}


def _secrets(options: Spec | None, given: t.Any) -> Iterator[str]:
    if isinstance(given, Mapping):
        for name, value in given.items():
            if value is None:
                continue
            if _is_hidden(options, str(name)):
                yield from _leaves(value)
            elif isinstance(value, str):
                if _below(options, str(name)) is not None:
                    yield from _pieces(value)
                elif _holds_key(options, str(name), value):
                    yield value
            elif isinstance(value, (Mapping, list, tuple)):
                yield from _secrets(_below(options, str(name)), value)
    elif isinstance(given, (list, tuple)):
        for item in given:
            yield from _secrets(options, item)
    elif options is not None and isinstance(given, str):
        yield from _pieces(given)


def _holds_key(options: Spec | None, name: str, value: str) -> bool:
    is_path = options is not None and options[name].get("type") == "path"
    return len(value) > _LONGEST_PATH and (is_path or _KEY in value)


def _pieces(text: str) -> Iterator[str]:
    """Give what a text may hold where objects are wanted: ``name=value``, or objects as text."""
    yield text
    for piece in text.replace(",", " ").split():
        yield piece.partition("=")[2].strip("'\"")


def _leaves(value: t.Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def shown(spec: Spec, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return arguments for display: secrets and the values of unknown options are masked."""
    return t.cast("dict[str, t.Any]", _shown(_by_any_name(spec), given))


def _shown(options: Spec | None, given: t.Any) -> t.Any:
    if isinstance(given, Mapping):
        # Most options are null: they need no call.
        return {
            str(name): None if value is None else _shown_option(options, str(name), value)
            for name, value in given.items()
        }
    if isinstance(given, (list, tuple)):
        return [_shown(options, item) for item in given]
    return given if options is None or given is None else MASK


def _shown_option(options: Spec | None, name: str, value: t.Any) -> t.Any:
    return MASK if _is_hidden(options, name) else _shown(_below(options, name), value)


def _is_hidden(options: Spec | None, name: str) -> bool:
    """Return whether the value of a name must not be shown."""
    if name in _SECRETS:
        return True
    return options is not None and (name not in options or bool(options[name].get("no_log")))


def _below(options: Spec | None, name: str) -> Spec | None:
    """Give the options of the objects under a name; None where any name may stand there."""
    below = None if options is None else options[name].get("options")
    return None if below is None else _by_any_name(below)


def _by_any_name(spec: Spec) -> Spec:
    """Give the options by name and alias."""
    aliases = {alias: option for option in spec.values() for alias in option.get("aliases", ())}
    return {**spec, **aliases} if aliases else spec

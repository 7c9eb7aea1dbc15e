"""From the merged TOML tree of a profile to the final values of `Profile`: defaults applied, placeholders filled in."""

from __future__ import annotations

from dataclasses import dataclass, field

from drf_reprocess.profiles.documents import merge_trees
from drf_reprocess.profiles.problems import Path, Problem, Toml
from drf_reprocess.profiles.template import KEPT_IN_PACKAGE_NAME, RESERVED, Expander

TOP_KEYS = (
    "name",
    "mission",
    "extends",
    "drop",
    "columns",
    "words",
    "defaults",
    "types",
    "ignored",
    "context",
    "bundles",
    "phases",
    "calendar",
    "package",
    "gate",
    "precedence",
    "events",
)
TAKEN_AS_THEY_ARE = ("name", "mission", "phases", "calendar", "gate", "precedence", "events")
"""Keys whose values hold no placeholders."""
DEFAULT_KEYS = ("type", "bundle", "collection")

Table = dict[str, Toml]


@dataclass(slots=True)
class Resolved:
    """The values of a profile, not yet validated, and where each list of them stands in the file."""

    values: Table
    problems: list[Problem]
    type_names: list[str]
    bundle_keys: list[str]
    instrument_keys: list[str]
    eras: dict[str, list[str]] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    """Names of the types in each bundle, by the bundle's key."""

    def path(self, location: Path) -> Path:
        """Return where a value of `Profile` stands in the TOML file: lists there are tables with keys here."""
        match location:
            case ("types", int(index), "column_sets", int(era), *rest):
                name = self.type_names[index]
                return ("types", name, "column_sets", self.eras[name][era], *rest)
            case ("types", int(index), *rest):
                return ("types", self.type_names[index], *rest)
            case ("bundles", int(index), "collections", int(member), *rest):
                key = self.bundle_keys[index]
                return ("bundles", key, "collections", self.members[key][member], *rest)
            case ("bundles", int(index), *rest):
                return ("bundles", self.bundle_keys[index], *rest)
            case ("context", "instruments", int(index), *rest):
                return ("context", "instruments", self.instrument_keys[index], *rest)
        return location


class Resolver:
    """Resolves one tree; ``problems`` gathers what is wrong with its tables and placeholders."""

    def __init__(self, tree: Table) -> None:
        self.tree = tree
        self.problems: list[Problem] = []
        self._check_keys(tree, TOP_KEYS, ())
        words = self._table(("words",))
        for word in sorted(RESERVED & set(words)):
            self.problems.append(
                Problem(("words", word), words[word], "a name that the engine does not use itself")
            )
        self.expander = Expander({key: str(value) for key, value in words.items()})
        self.mission = {"mission": str(tree.get("mission", ""))}

    def resolve(self) -> Resolved:
        """Return all values of the profile."""
        self._check_keys(self._table(("defaults",)), DEFAULT_KEYS, ("defaults",))
        instruments = self._table(("context", "instruments"))
        resolved = Resolved(
            values={key: self.tree[key] for key in TAKEN_AS_THEY_ARE if key in self.tree},
            problems=self.problems,
            type_names=list(self._table(("types",))),
            bundle_keys=list(self._table(("bundles",))),
            instrument_keys=list(instruments),
        )
        values = resolved.values
        values["types"] = [self._resolve_type(name, resolved) for name in resolved.type_names]
        values["context"] = self._resolve_context(instruments)
        values["bundles"] = [self._resolve_bundle(key, resolved) for key in resolved.bundle_keys]
        values["ignored"] = self._expand(self.tree.get("ignored", []), ("ignored",), self.mission)
        package = self._table(("package",))
        values["package"] = {
            key: self._expand(value, ("package", key), self.mission, KEPT_IN_PACKAGE_NAME)
            if key == "name"
            else value
            for key, value in package.items()
        }
        self.problems += self.expander.problems
        return resolved

    def _resolve_type(self, name: str, resolved: Resolved) -> Table:
        path = ("types", name)
        own = merge_trees(self._table(("defaults", "type")), self._table(path))
        sets = own.pop("column_sets", {})
        if not isinstance(sets, dict):
            self.problems.append(Problem((*path, "column_sets"), sets, "a table for each era"))
            sets = {}
        resolved.eras[name] = list(sets)
        words = {**self.mission, "type": name}
        for key, default in (("title", name), ("acronym", name.upper())):
            words[key] = own[key] = self._expand(own.get(key, default), (*path, key), words)
        values = {key: self._expand(value, (*path, key), words) for key, value in own.items()}
        values["column_sets"] = [self._resolve_set(era, value) for era, value in sets.items()]
        return {"name": name, **values}

    @staticmethod
    def _resolve_set(era: str, value: Toml) -> Toml:
        """Column texts are taken as they are: a channel's description may hold braces."""
        if not isinstance(value, dict):
            return value
        columns = value.get("columns")
        if isinstance(columns, list):
            columns = [{"name": column} if isinstance(column, str) else column for column in columns]
        return {**value, "columns": columns, "era": era}

    def _resolve_context(self, instruments: Table) -> Table:
        context = dict(self._table(("context",)))
        context["instruments"] = list(instruments.values())
        named = [*(context.get(key) for key in ("investigation", "host", "target")), *instruments.values()]
        lids = [item["lid"] for item in named if isinstance(item, dict) and isinstance(item.get("lid"), str)]
        others = context.get("registered", [])
        # What is no list is left for the model to refuse.
        context["registered"] = sorted({*lids, *map(str, others)}) if isinstance(others, list) else others
        return context

    def _resolve_bundle(self, key: str, resolved: Resolved) -> Table:
        path = ("bundles", key)
        own = merge_trees(self._table(("defaults", "bundle")), self._table(path))
        members = own.pop("types", resolved.type_names)
        template, particular = own.pop("collection", {}), own.pop("collections", {})
        if not isinstance(members, list) or not all(isinstance(name, str) for name in members):
            self.problems.append(Problem((*path, "types"), members, "a list of file types"))
            members = []
        known = [name for name in members if name in resolved.type_names]
        for name in members:
            if name not in known:
                expected = f"unknown type; expected one of {', '.join(resolved.type_names)}"
                self.problems.append(Problem((*path, "types"), name, expected))
        resolved.members[key] = known
        for name in particular if isinstance(particular, dict) else ():
            if name not in members:
                expected = (
                    f"unknown type {name}; expected one of this bundle's: {', '.join(members) or 'none'}"
                )
                self.problems.append(Problem((*path, "collections", name), None, expected, has_value=False))
        values = {name: self._expand(value, (*path, name), self.mission) for name, value in own.items()}
        if not isinstance(template, dict) or not isinstance(particular, dict):
            self.problems.append(Problem((*path, "collections"), particular, "tables"))
            return {**values, "collections": []}
        base = merge_trees(self._table(("defaults", "collection")), template)
        collections = [
            self._resolve_collection(
                name, base, particular.get(name, {}), (*path, "collections", name), resolved
            )
            for name in known
        ]
        return {**values, "collections": collections}

    def _resolve_collection(self, name: str, base: Table, own: Toml, path: Path, resolved: Resolved) -> Toml:
        if not isinstance(own, dict):
            return own
        merged = merge_trees(base, own)
        file_type = resolved.values["types"][resolved.type_names.index(name)]
        words = {**self.mission, **{key: str(file_type[key]) for key in ("title", "acronym")}, "type": name}
        values = {key: self._expand(value, (*path, key), words) for key, value in merged.items()}
        values["instruments"] = self._name_instruments(values.get("instruments", []), (*path, "instruments"))
        return {**values, "type": name}

    def _name_instruments(self, keys: Toml, path: Path) -> Toml:
        """Return the context products that the keys of ``context.instruments`` stand for."""
        if not isinstance(keys, list):
            return keys
        instruments = self._table(("context", "instruments"))
        known = [key for key in keys if isinstance(key, str) and key in instruments]
        for key in keys:
            if key not in known:
                choice = ", ".join(instruments) or "none"
                expected = f"unknown instrument; expected keys of context.instruments: {choice}"
                self.problems.append(Problem(path, key, expected))
        return [instruments[key] for key in known]

    def _expand(self, value: Toml, path: Path, words: dict[str, str], kept: tuple[str, ...] = ()) -> Toml:
        return self.expander.expand(value, path, words, kept)

    def _table(self, path: tuple[str, ...]) -> Table:
        """Return the table at ``path``, an empty one if there is none."""
        table = self.tree
        for depth, key in enumerate(path, start=1):
            value = table.get(key, {})
            if not isinstance(value, dict):
                problem = Problem(path[:depth], value, "a table")
                if problem not in self.problems:
                    self.problems.append(problem)
                return {}
            table = value
        return table

    def _check_keys(self, table: Table, known: tuple[str, ...], path: Path) -> None:
        for key in table:
            if key not in known:
                self.problems.append(
                    Problem((*path, key), table[key], f"unknown key; expected one of {', '.join(known)}")
                )

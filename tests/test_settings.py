"""A setting comes from the nearest place that has it: flag, environment, project, user, default."""

from __future__ import annotations

import getpass
from pathlib import Path

import platformdirs
import pytest

from registry.checksettings import COMMAND_LINE, CheckSettings, Override, Selection
from registry.errors import ActorNeeded, BadSetting
from registry.limits import GIB, MIB, Limits, parse_size, size_text
from registry.records import Severity
from registry.settings import CHECK_FORMATS, Settings, load_settings


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's file, in the folder that the tests work in."""
    return tmp_path / "uid-registry.toml"


@pytest.fixture
def user() -> Path:
    """The user's file, in a home that the test has for itself."""
    file = Path(platformdirs.user_config_dir("uid-registry")) / "config.toml"
    file.parent.mkdir(parents=True)
    return file


def loaded(folder: Path, environment: dict[str, str] | None = None, **flags: str | None) -> Settings:
    return load_settings(flags, environment or {}, folder)


# --- which place counts -------------------------------------------------------------------

VALUES = {  # name -> variable, and a value for each place
    "database": ("UID_REGISTRY_DATABASE", ["flag.db", "environment.db", "project.db", "user.db"]),
    "actor": ("UID_REGISTRY_ACTOR", ["Flag", "Environment", "Project", "User"]),
    "format": ("UID_REGISTRY_FORMAT", ["json", "ndjson", "csv", "table"]),
    "paths": ("UID_REGISTRY_PATHS", ["none", "hash", "name", "full"]),
    "key_file": ("UID_REGISTRY_KEY_FILE", ["flag.key", "environment.key", "project.key", "user.key"]),
    "signing_key_file": (
        "UID_REGISTRY_SIGNING_KEY_FILE",
        ["flag.sk", "environment.sk", "project.sk", "user.sk"],
    ),
    "seen": ("UID_REGISTRY_SEEN", ["flag", "environment", "none", "user"]),
}


@pytest.mark.parametrize("nearest", range(4), ids=["flag", "environment", "project", "user"])
@pytest.mark.parametrize("name", VALUES)
def test_the_nearest_place_that_has_a_setting_counts_and_is_named(
    name: str, nearest: int, project: Path, user: Path
) -> None:
    variable, (flag, in_environment, in_project, in_user) = VALUES[name]
    user.write_text(f'{name} = "{in_user}"')
    if nearest <= 2:
        project.write_text(f'{name} = "{in_project}"')
    environment = {variable: in_environment} if nearest <= 1 else {}
    settings = loaded(project.parent, environment, **{name: flag if nearest == 0 else None})
    assert getattr(settings, name) == VALUES[name][1][nearest]
    assert settings.sources == {name: ["command line", "environment", str(project), str(user)][nearest]}


@pytest.mark.parametrize("name", ["origin", "modalities"])
def test_what_only_files_can_set_comes_from_the_project_before_the_user(
    name: str, project: Path, user: Path
) -> None:
    values = {"origin": ('"one"', '"other"'), "modalities": ('["ONE"]', '["OTHER"]')}[name]
    user.write_text(f"{name} = {values[1]}")
    assert loaded(project.parent).sources == {name: str(user)}
    project.write_text(f"{name} = {values[0]}")
    settings = loaded(project.parent)
    assert settings.sources == {name: str(project)}
    assert getattr(settings, name) in ("one", ("ONE",))


def test_each_setting_is_looked_for_by_itself(project: Path, user: Path) -> None:
    user.write_text('database = "user.db"\norigin = "dicom-uid-registry/1"\nmodalities = ["AIRESULT"]')
    project.write_text('actor = "Project"\nformat = "csv"')
    settings = loaded(project.parent, {"UID_REGISTRY_FORMAT": "json"}, actor="Flag")
    assert settings == Settings(
        "user.db",
        actor="Flag",
        format="json",
        origin="dicom-uid-registry/1",
        modalities=("AIRESULT",),
        sources={
            "actor": "command line",
            "format": "environment",
            "database": str(user),
            "origin": str(user),
            "modalities": str(user),
        },
    )


def test_without_any_setting_the_defaults_hold_and_have_no_source(tmp_path: Path) -> None:
    home = Path(platformdirs.user_data_dir("uid-registry"))
    assert loaded(tmp_path) == Settings(f"sqlite:///{home / 'registry.db'}", format="table", sources={})


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path) -> None:
    environment = {"UID_REGISTRY_ACTOR": "", "UID_REGISTRY_FORMAT": ""}
    assert loaded(tmp_path, environment).sources == {}


def test_the_environment_is_that_of_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UID_REGISTRY_ACTOR", "Ada")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "uid-registry.toml").write_text('origin = "here"')
    settings = load_settings({})
    assert (settings.actor, settings.origin) == ("Ada", "here")


def test_the_projects_file_is_that_of_the_nearest_folder_above_and_no_other(tmp_path: Path) -> None:
    inner = tmp_path / "study" / "exports"
    inner.mkdir(parents=True)
    (tmp_path / "uid-registry.toml").write_text('database = "outer.db"\nactor = "Outer"')
    assert loaded(inner).database == "outer.db"
    (tmp_path / "study" / "uid-registry.toml").write_text('database = "inner.db"')
    settings = loaded(inner)
    assert (settings.database, settings.actor) == ("inner.db", None)


def test_a_folder_of_that_name_is_no_file(project: Path) -> None:
    project.mkdir()
    assert loaded(project.parent).sources == {}


# --- settings that can't be used -----------------------------------------------------------


@pytest.mark.parametrize("where", ["project", "user"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'databse = "x"', "sets `databse`, which is no setting"),
        (b'[database]\nurl = "x"', "`database` in {file} must be a string"),
        (b"database = 5", "`database` in {file} must be a string"),
        (b"actor = true", "`actor` in {file} must be a string"),
        (b'format = ["json"]', "`format` in {file} must be a string"),
        (b"origin = 2026-01-01", "`origin` in {file} must be a string"),
        (b'modalities = "SEG"', "`modalities` in {file} must be a list of strings"),
        (b"modalities = [1]", "`modalities` in {file} must be a list of strings"),
        (b'modalities = [["SEG"]]', "`modalities` in {file} must be a list of strings"),
        (b"database = x", "{file} can't be read: Invalid value (at line 1, column 12)"),
        (b'actor = "a"\nactor = "b"', "{file} can't be read: Cannot overwrite a value"),
        (b'actor = "M\xfcller"', "{file} can't be read: 'utf-8' codec can't decode"),
        (b"actor = " + b"[" * 20_000, "{file} can't be read: its values are nested too deeply"),
        (b'format = "xml"', "'xml' (from {file}) is no format"),
        (b'format = "sarif"', "'sarif' (from {file}) is no format of this command"),
        (b'paths = "some"', "'some' (from {file}) is no way to name files"),
        (b"paths = 1", "`paths` in {file} must be a string"),
        (b"time_limit = true", "`time_limit` in {file} must be a number or a string"),
        (b"file_limit = 1.5", "`file_limit` in {file} must be a number or a string"),
        (b'file_limit = "much"', "'much' (from {file}) is no file limit"),
        (b"memory_limit = 1000", "'1000' (from {file}) is no memory limit"),
        (b"time_limit = 0", "'0' (from {file}) is no time limit"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_the_files_name(
    where: str, content: bytes, message: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    file: Path = request.getfixturevalue(where)
    file.write_bytes(content)
    with pytest.raises(BadSetting) as caught:
        loaded(tmp_path)
    assert str(file) in caught.value.message
    assert message.format(file=file) in caught.value.message


def test_of_an_unknown_setting_the_known_ones_are_told(project: Path) -> None:
    project.write_text('databse = "x"')
    with pytest.raises(BadSetting) as caught:
        loaded(project.parent)
    assert (
        "database, actor, format, key_file, signing_key_file, seen, origin, context, paths, modalities"
        in caught.value.advice
    )


def test_a_mistake_is_told_even_where_a_nearer_place_has_the_setting(project: Path) -> None:
    project.write_text("database = 5")
    with pytest.raises(BadSetting):
        loaded(project.parent, database="flag.db")


@pytest.mark.parametrize(
    ("environment", "flags", "name"),
    [({"UID_REGISTRY_FORMAT": "xml"}, {}, "UID_REGISTRY_FORMAT"), ({}, {"format": "xml"}, "--format")],
    ids=["variable", "flag"],
)
def test_a_wrong_format_is_told_with_the_name_of_what_to_mend(
    environment: dict[str, str], flags: dict[str, str], name: str, tmp_path: Path
) -> None:
    with pytest.raises(BadSetting) as caught:
        load_settings(flags, environment, tmp_path)
    assert "'xml'" in caught.value.message
    assert "table, json, ndjson, csv" in caught.value.advice
    assert name in caught.value.message


# --- the policy of checks ------------------------------------------------------------------

POLICY = """
[check]
select = ["UID502"]
ignore = ["UID315", "UID6"]
external = ["1.2.840.113619"]
shared_frames = ["1.2.3.4"]
fail_on = "warning"

[check.severity]
UID204 = "error"

[[check.override]]
rules = ["UID501", "UID4"]
root = "1.2.3"
modality = "MG"
severity = "note"
"""


def test_a_policy_is_read_as_it_is_written(project: Path) -> None:
    project.write_text(POLICY)
    settings = loaded(project.parent)
    file = str(project)
    assert settings.check == CheckSettings(
        selections=(Selection(file, ("UID502",), ("UID315", "UID6")),),
        overrides=(
            Override(file, ("UID204",), Severity.ERROR),
            Override(file, ("UID501", "UID4"), Severity.NOTE, "1.2.3", "MG"),
        ),
        external=("1.2.840.113619",),
        shared_frames=("1.2.3.4",),
        fail_on="warning",
    )
    names = ("select", "ignore", "external", "shared_frames", "fail_on", "severity", "override")
    assert settings.sources == {f"check.{name}": file for name in names}


def test_of_selections_and_severities_all_places_count_the_nearest_first(project: Path, user: Path) -> None:
    project.write_text('[check]\nselect = ["UID502"]\nexternal = ["1.2"]\n[check.severity]\nUID204 = "note"')
    user.write_text(POLICY)
    settings = loaded(project.parent)
    asked = settings.check.asked(["UID104"], ["ALL"])
    places = [COMMAND_LINE, str(project), str(user)]
    assert [selection.place for selection in asked.selections] == places
    assert [override.place for override in asked.overrides] == [str(project), str(user), str(user)]
    # Of what is one thing, the nearest decides.
    assert (asked.external, asked.fail_on) == (("1.2",), "warning")
    assert settings.sources["check.select"] == f"{project}, {user}"
    assert settings.sources["check.external"] == str(project)
    assert settings.sources["check.fail_on"] == str(user)


def test_a_command_line_that_says_nothing_adds_no_place() -> None:
    assert CheckSettings().asked([], []) == CheckSettings()


@pytest.mark.parametrize("where", ["project", "user"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("check = 1", "`check` in {file} must be a table"),
        ('[check]\nselects = ["UID1"]', "{file} sets `check.selects`, which is no setting"),
        ('[check]\nselect = "UID1"', "`check.select` in {file} must be a list of strings"),
        ("[check]\nignore = [1]", "`check.ignore` in {file} must be a list of strings"),
        ('[check]\nexternal = ["1.2.x"]', "`check.external` in {file} holds '1.2.x', which is no UID"),
        ('[check]\nshared_frames = [""]', "`check.shared_frames` in {file} holds '', which is no UID"),
        ('[check]\nfail_on = "collision"', "'collision' (`check.fail_on` in {file}) is unknown"),
        ("[check]\nfail_on = 1", "1 (`check.fail_on` in {file}) is unknown"),
        ('[check]\nseverity = "error"', "`check.severity` in {file} must be a table"),
        ('[check.severity]\nUID204 = "off"', "'off' (`check.severity.UID204` in {file}) is no severity"),
        ("[check.severity]\nUID204 = 3", "3 (`check.severity.UID204` in {file}) is no severity"),
        ('[check.override]\nrules = ["UID1"]', "`check.override` in {file} must be a list of tables"),
        ('[[check.override]]\nrules = ["UID1"]', "a `check.override` in {file} needs `rules` and `severity`"),
        ('[[check.override]]\nseverity = "note"', "needs `rules` and `severity`"),
        ('[[check.override]]\nrules = []\nseverity = "note"', "needs `rules` and `severity`"),
        (
            '[[check.override]]\nrules = "UID1"\nseverity = "note"',
            "`check.override.rules` in {file} must be a",
        ),
        ('[[check.override]]\nrules = ["UID1"]\nseverity = "x"', "(`check.override.severity` in {file})"),
        (
            '[[check.override]]\nrules = ["UID1"]\nseverity = "note"\nroot = "1."',
            "`check.override.root` in {file} holds '1.', which is no UID",
        ),
        (
            '[[check.override]]\nrules = ["UID1"]\nseverity = "note"\nmodality = ["MG"]',
            "`check.override.modality` in {file} must be a string",
        ),
        (
            '[[check.override]]\nrules = ["UID1"]\nseverity = "note"\nstudy = "1.2"',
            "{file} sets `check.override.study`, which is no setting",
        ),
    ],
)
def test_a_mistake_in_a_policy_is_told_with_the_files_name(
    where: str, content: str, message: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    file: Path = request.getfixturevalue(where)
    file.write_text(content)
    with pytest.raises(BadSetting) as caught:
        loaded(tmp_path)
    assert message.format(file=file) in caught.value.message


def test_a_format_that_check_alone_speaks_is_told_so(tmp_path: Path) -> None:
    for form in ("sarif", "junit", "github"):
        assert load_settings({"format": form}, {}, tmp_path, formats=CHECK_FORMATS).format == form
        with pytest.raises(BadSetting) as caught:
            load_settings({}, {"UID_REGISTRY_FORMAT": form}, tmp_path)
        assert "UID_REGISTRY_FORMAT" in caught.value.message
        assert caught.value.advice == (
            f"One of table, json, ndjson, csv. `uid-registry check` speaks {form} too."
        )


# --- limits -------------------------------------------------------------------------------------


def test_limits_come_from_files_and_variables(project: Path) -> None:
    assert loaded(project.parent).limits == Limits(2 * GIB, 4 * GIB, 120)
    project.write_text('file_limit = "500 MiB"\nmemory_limit = 1073741824\ntime_limit = 30')
    assert loaded(project.parent).limits == Limits(500 * MIB, GIB, 30)
    settings = loaded(project.parent, {"UID_REGISTRY_TIME_LIMIT": "600", "UID_REGISTRY_FILE_LIMIT": "8gib"})
    assert settings.limits == Limits(8 * GIB, GIB, 600)
    assert settings.sources["time_limit"] == "environment"


@pytest.mark.parametrize(
    ("variable", "value", "advice"),
    [
        ("FILE_LIMIT", "0", "a size such as 512 MiB or 2 GiB, from 1 byte to 1,024 TiB"),
        ("FILE_LIMIT", "-1", "a size"),
        ("FILE_LIMIT", "9999999999999999 TiB", "a size"),
        ("MEMORY_LIMIT", "255 MiB", "from 256 MiB"),
        ("TIME_LIMIT", "2 min", "seconds, from 1 to 86,400"),
        ("TIME_LIMIT", "100000", "seconds"),
        ("TIME_LIMIT", "\u0665", "seconds"),
        ("JOBS", "0", "a number of processes, from 1 to 256"),
        ("JOBS", "257", "a number of processes"),
        ("JOBS", "all", "a number of processes"),
    ],
)
def test_a_limit_that_is_none_is_told_with_what_would_be_right(
    variable: str, value: str, advice: str, tmp_path: Path
) -> None:
    with pytest.raises(BadSetting, match=f"UID_REGISTRY_{variable}") as caught:
        loaded(tmp_path, {f"UID_REGISTRY_{variable}": value})
    assert advice in caught.value.advice


def test_how_many_read_comes_from_files_and_variables(project: Path) -> None:
    assert loaded(project.parent).jobs is None
    project.write_text("jobs = 3")
    assert loaded(project.parent).jobs == 3
    assert loaded(project.parent, {"UID_REGISTRY_JOBS": "1"}).jobs == 1


@pytest.mark.parametrize("text", ["1 byte", "512 MiB", "2 GiB", "1,024 TiB"])
def test_sizes_are_written_as_they_are_read(text: str) -> None:
    number = text.replace(",", "").replace(" byte", "")
    assert size_text(parse_size(number)) == text


# --- who acts -----------------------------------------------------------------------------------


def system_user(monkeypatch: pytest.MonkeyPatch, name: str | Exception) -> None:
    def getuser() -> str:
        if isinstance(name, Exception):
            raise name
        return name

    monkeypatch.setattr(getpass, "getuser", getuser)


NOBODY = [KeyError("getpwuid(): uid not found: 1000"), OSError("No username set"), ImportError("pwd"), ""]


def test_an_act_that_needs_a_name_takes_the_systems_user(monkeypatch: pytest.MonkeyPatch) -> None:
    system_user(monkeypatch, "ada")
    assert Settings("x.db").named_actor() == Settings("x.db").who == "ada"


@pytest.mark.parametrize("user", ["root", *NOBODY], ids=repr)
def test_it_refuses_a_system_user_who_says_nothing_about_a_person(
    user: str | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    system_user(monkeypatch, user)
    with pytest.raises(ActorNeeded) as caught:
        Settings("x.db").named_actor()
    assert ("'root'" if user == "root" else "'nothing'") in caught.value.message
    assert "--actor NAME" in caught.value.advice


@pytest.mark.parametrize("user", ["ada", "root", *NOBODY], ids=repr)
def test_a_name_that_was_given_is_taken_whoever_the_systems_user_is(
    user: str | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    system_user(monkeypatch, user)
    for name in ("Ada Lovelace", "root"):
        assert Settings("x.db", actor=name).named_actor() == Settings("x.db", actor=name).who == name


@pytest.mark.parametrize("name", ["", " ", "\t\n"], ids=repr)
def test_a_blank_name_is_no_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    system_user(monkeypatch, "root")
    with pytest.raises(ActorNeeded):
        Settings("x.db", actor=name).named_actor()


@pytest.mark.parametrize("user", NOBODY, ids=repr)
def test_other_acts_are_done_by_root_or_by_unknown(
    user: str | Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    system_user(monkeypatch, user)
    assert Settings("x.db").who == "unknown"
    system_user(monkeypatch, "root")
    assert Settings("x.db").who == "root"

"""Where the state is, and which settings apply: of the environment, then of the platform."""

from pathlib import Path

import pytest

from dustjacket.platform.credentials import write_dotenv
from dustjacket.settings import PLATFORM_ENV, Settings, home, load_settings


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """A home whose file of settings was written at another place."""
    folder = tmp_path / "Bücher \"neu\" 'alt' 100%"
    folder.mkdir()
    former = Settings(_env_file=None, home=tmp_path / "Früher", bucket="bücher")
    write_dotenv(folder / PLATFORM_ENV, former.environment())
    monkeypatch.setenv("DUSTJACKET_HOME", str(folder))
    load_settings.cache_clear()
    yield folder
    load_settings.cache_clear()


def test_the_home_is_where_it_is_now_and_not_where_its_file_was_written(moved):
    assert home() == load_settings().home == moved


def test_settings_are_read_as_they_were_written(moved):
    assert load_settings().bucket == "bücher"
    assert Settings(_env_file=moved / PLATFORM_ENV).home == moved


def test_one_folder_has_one_name(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    for name in ("link", "real", "./real/../link", str(tmp_path / "link")):
        monkeypatch.setenv("DUSTJACKET_HOME", name)
        assert home() == Settings(_env_file=None).home == tmp_path / "real"
    monkeypatch.delenv("DUSTJACKET_HOME")
    assert home() == Path(".dustjacket").absolute()

"""Where the Studio listens."""

import pytest

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.studio.server import serve


def test_without_a_token_only_this_machine_is_served(tmp_path):
    settings = Settings(_env_file=None, home=tmp_path)
    with pytest.raises(BadInputError, match="DUSTJACKET_STUDIO_TOKEN"):
        serve(settings, "192.0.2.1", 1, None)


def test_one_token_for_callers_and_the_proxy_is_refused(tmp_path):
    settings = Settings(_env_file=None, home=tmp_path)
    with pytest.raises(BadInputError, match="DUSTJACKET_STUDIO_PROXY_TOKEN are the same"):
        serve(settings, "127.0.0.1", 1, "secret", "secret")

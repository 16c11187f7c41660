"""Where people are told to come in: the service that runs, not the one that the settings would start."""

import socket
from pathlib import Path

from core.settings import Settings
from core.settings.groups import ServerSettings
from core.settings.whereabouts import address_on, noted, reached_at


def settings_at(folder: Path, **server: object) -> Settings:
    return Settings(data_dir=folder).model_copy(
        update={"server": ServerSettings.model_validate({"host": "127.0.0.1", **server})}
    )


def test_a_service_on_another_port_is_the_one_that_is_told_while_it_runs(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as service:
        address = address_on("127.0.0.1", service.getsockname()[1])
        with noted(settings, address):
            assert reached_at(settings) == address
    assert reached_at(settings) == "http://127.0.0.1:8080"


def test_what_a_killed_service_left_is_not_believed(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as service:
        gone = address_on("127.0.0.1", service.getsockname()[1])
    (tmp_path / "service-address").write_text(gone)
    assert reached_at(settings) == "http://127.0.0.1:8080"
    (tmp_path / "service-address").write_text("no address")
    assert reached_at(settings) == "http://127.0.0.1:8080"


def test_a_public_address_goes_first(tmp_path: Path) -> None:
    settings = settings_at(tmp_path, public_url="https://ops.example.com/")
    with noted(settings, "http://127.0.0.1:9"):
        assert reached_at(settings) == "https://ops.example.com"


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert address_on("::1", 8080) == "http://[::1]:8080"

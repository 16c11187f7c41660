"""What settings are made with: pydantic-settings, without the command lines that it could read."""

from core.absent import in_name_only

with in_name_only("argparse", "pydantic_settings.sources.providers.cli"):
    from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["BaseSettings", "NoDecode", "SettingsConfigDict"]

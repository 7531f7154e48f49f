"""The one engine of the process, as upstream makes it: with the settings' URL and no options."""

from sqlmodel import create_engine
from theflow.settings import settings

engine = create_engine(settings.KH_DATABASE)

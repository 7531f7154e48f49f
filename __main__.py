"""The program: load the stack's settings, build the platform, export what a person needs."""

import pulumi

from components import config
from components.platform import Platform

for name, value in Platform("kotaemon", config.load()).outputs.items():
    pulumi.export(name, value)

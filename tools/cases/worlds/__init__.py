"""The cases, by what goes wrong in them. Importing a group registers its cases."""

from tools.cases.worlds import images, refusals, scheduling, starts

GROUPS = (scheduling, refusals, images, starts)

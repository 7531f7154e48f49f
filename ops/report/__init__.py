"""The health report behind `make status`: objectives, alerts, backups, certificates, versions, volumes.

Each part asks whoever knows, and says why where nobody does; none of them changes anything.
"""

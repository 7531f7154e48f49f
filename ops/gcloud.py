"""What gcloud knows of whoever uses it."""

import shutil
import subprocess


def active_member() -> str:
    """The account that gcloud uses, as IAM names it; nothing where there is no gcloud, or nobody is logged in."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return ""
    try:
        done = subprocess.run(
            [gcloud, "config", "get-value", "account"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    account = done.stdout.strip()
    if "@" not in account:
        return ""
    return f"{'serviceAccount' if account.endswith('.gserviceaccount.com') else 'user'}:{account}"

"""What answers in the place of programs that no package registry has: Kotaemon and Qdrant."""

import sys
from pathlib import Path

from components import images
from tests.node.spec import Image

PAGE = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, text = {pages}.get(self.path, ("text/html", "<title>Kotaemon</title>"))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("", {port}), Page).serve_forever()
"""
PROMETHEUS_TEXT = "text/plain; version=0.0.4"
QDRANT = (
    'app_info{name="qdrant",version="1.13.6"} 1\n'
    "collections_total 3\ncollections_vector_total 1200\nmemory_resident_bytes 90000000\n"
)


def stand_ins(kotaemon: str, folder: Path) -> dict[str, Image]:
    """By image; `kotaemon` is the stack's, `folder` is for their programs."""
    folder.mkdir(parents=True, exist_ok=True)
    python = Path(sys.executable).resolve().parents[1]
    pages = {"/metrics": (PROMETHEUS_TEXT, QDRANT)}
    (application := folder / "app.py").write_text(PAGE.format(pages={}, port=7860))
    (vectors := folder / "qdrant.py").write_text(PAGE.format(pages=pages, port=6333))
    (start := folder / "entrypoint.sh").write_text(
        "#!/bin/sh\nexec /srv/python/bin/python3 /qdrant/qdrant.py\n"
    )
    start.chmod(0o755)
    return {
        kotaemon: Image(files={"/app/app.py": application, "/app/.venv": python}, folder="/app"),
        images.QDRANT: Image(
            files={"/qdrant/entrypoint.sh": start, "/qdrant/qdrant.py": vectors, "/srv/python": python},
            folder="/qdrant",
        ),
    }

"""What the stack's programs really write, or nearly: lines as they stand in a container's log file."""

PLAIN = """\
Traceback (most recent call last):
  File "/app/libs/ktem/ktem/index/file/pipelines.py", line 512, in stream
    file_id, docs = yield from pipeline.stream(file_path, reindex=reindex, **kwargs)
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/app/libs/ktem/ktem/db/engine.py", line 9, in connect
    return connect("postgresql://kotaemon:S3cretPassw0rd@postgres:5432/kotaemon")
ValueError: no such file"""

CHAINED = """\
Traceback (most recent call last):
  File "/usr/local/lib/python3.10/site-packages/httpx/_transports/default.py", line 72, in map_httpcore_exceptions
    yield
httpcore.ConnectError: [Errno 111] Connection refused

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/usr/local/lib/python3.10/site-packages/openai/_base_client.py", line 952, in _request
    response = self._client.send(
httpx.ConnectError: [Errno 111] Connection refused

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/usr/local/lib/python3.10/site-packages/gradio/queueing.py", line 625, in process_events
    response = await route_utils.call_process_api(
  [Previous line repeated 3 more times]
openai.APIConnectionError: Connection error."""

UVICORN = "ERROR:    Exception in ASGI application\n" + CHAINED

SQL = """\
2026-11-21 21:30:00,123 ERROR ktem.pages.chat: Can't save the conversation
Traceback (most recent call last):
  File "/usr/local/lib/python3.10/site-packages/sqlalchemy/engine/base.py", line 1967, in _exec_single_context
    self.dialect.do_execute(
psycopg2.errors.UniqueViolation: duplicate key value violates unique constraint "conversation_pkey"
DETAIL:  Key (id)=(5) already exists.
[SQL: INSERT INTO conversation (id) VALUES (%(id)s)]
[parameters: {'id': 5}]
(Background on this error at: https://sqlalche.me/e/20/gkpj)"""

GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/usr/local/lib/python3.11/site-packages/starlette/_utils.py", line 76, in collapse_excgroups
  |     yield
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/app.py", line 3, in <module>
    | ValueError: no
    +------------------------------------"""

SERVER = """\
2026-11-21 21:30:00.123 UTC [71] ERROR:  relation "nothing" does not exist at character 15
2026-11-21 21:30:00.123 UTC [71] STATEMENT:  SELECT *
\tFROM nothing
\tWHERE id = 1"""

KEY = """\
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj
MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu
-----END PRIVATE KEY-----"""

ALONE = (
    "INFO:     Started server process [1]",
    "Running on local URL:  http://0.0.0.0:7860",
    "WARNING:  Invalid HTTP request received.",
    "ERROR: nothing follows",
    "User-id: 1, can see public conversations: True",
)
"""Lines that are whole."""

WHOLE = {
    "plain": PLAIN,
    "chained": CHAINED,
    "uvicorn": UVICORN,
    "sql": SQL,
    "group": GROUP,
    "key": KEY,
}
"""What must stay one record each."""

SECRETS = {
    "S3cretPassw0rd": "DSN postgresql+psycopg2://kotaemon:S3cretPassw0rd@postgres:5432/kotaemon?sslmode=require",
    "p@ss/w0rd#1": "connect to postgres://kotaemon:p@ss/w0rd#1@db.example.com/kotaemon failed",
    "q7f3Xk29vLmN8pRt": "authorization: Bearer q7f3Xk29vLmN8pRt",
    "dXNlcjpwYXNzd29yZA==": "Authorization: Basic dXNlcjpwYXNzd29yZA==",
    "opaqueValue123": "headers: {'authorization': 'opaqueValue123', 'accept': '*/*'}",
    "rawHeader456": "[(b'host', b'kotaemon'), (b'authorization', b'Bearer rawHeader456'), (b'accept', b'*/*')]",
    "proj-abcDEF123456ghiJKL789": "openai.AuthenticationError for sk-proj-abcDEF123456ghiJKL789, retrying",
    "SyD-1234567890abcdefghijklmnopqrstu": "GET https://x.example.com using AIzaSyD-1234567890abcdefghijklmnopqrstu",
    "queryKey999": "GET https://generativelanguage.googleapis.com/v1/models?key=queryKey999&alt=json",
    "123456789012-abcdefABCDEF": "slack token xoxb-123456789012-abcdefABCDEF is invalid",
    "T0000/B0000/XXXXXXXXXXXX1": "POST https://hooks.slack.com/services/T0000/B0000/XXXXXXXXXXXX1",
    "a0AfH6SMBx-y_z1234567890": "token of the pod: ya29.a0AfH6SMBx-y_z1234567890",
    "eyJzdWIiOiIxMjM0NTY3ODkwIn0": "got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl from the proxy",
    "4/0AVG7fiQexample": 'GET /oauth2/callback?code=4/0AVG7fiQexample&state=abc123 HTTP/1.1" 302',
    "abc123:/state": "GET /oauth2/callback?state=abc123:/state&x=1",
    "cookieValue1; other=cookieValue2": "Cookie: __Host-kotaemon=cookieValue1; other=cookieValue2",
    "setCookie1": "set-cookie: session=setCookie1; Path=/; HttpOnly",
    "hunter2": "login with password=hunter2 failed",
    "with spaces inside": 'config: {"password": "with spaces inside", "port": 5432}',
    'quoted\\"quote': 'config: {"client_secret": "quoted\\"quote", "port": 5432}',
    "escapedJson77": r"body: {\"api_key\": \"escapedJson77\", \"model\": \"gpt-4o\"}",
    "envValue88": "OPENAI_API_KEY=envValue88 python app.py",
    "headerKey99": "x-api-key: headerKey99",
    "camelCase11": "{accessToken: camelCase11, expires: 3600}",
    "qdrantKey22": "QdrantClient(host='qdrant', api_key='qdrantKey22', port=6333)",
    "AKDF0123456789ABCDEF": "aws AKIAKDF0123456789ABCDEF",
    "abcdefghijKLMNOP0123456789abcdefghij": "remote: ghp_abcdefghijKLMNOP0123456789abcdefghij",
    "abcdefABCDEF0123456789abc": "HF token hf_abcdefABCDEF0123456789abc",
    "dev-abcdefABCDEF0123456789": "Tavily tvly-dev-abcdefABCDEF0123456789",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj": KEY,
    "MIIBunterminated0": "-----BEGIN RSA PRIVATE KEY-----\\nMIIBunterminated0",
}
"""A secret, and a line that holds it."""

HARMLESS = (
    'INFO:     10.1.2.3:51234 - "POST /gradio_api/queue/join HTTP/1.1" 200 OK',
    "prompt tokens: 512, max_tokens=4096, total_tokens=600",
    "Bearer authentication failed",
    "http://qdrant:6333/collections/index_1/points/search?email=ann@example.com",
    "postgresql://postgres:5432/kotaemon",
    "keyboard: us, monkey: none, code=200",
    "api_key=None password=null",
    "Tokenizer: cl100k_base, tokenizer_config=default",
    "the task-force-about-sk-learn and risk-assessment",
    "2026-11-21 21:30:00.123 UTC [1] LOG:  database system is ready to accept connections",
    '  File "/app/libs/ktem/ktem/db/engine.py", line 9, in connect',
)
"""Lines that hold no secret, though they look a little like it."""

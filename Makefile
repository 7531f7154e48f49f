# Everything has a command here; `make` alone lists them. The work is done by the package ops/.
#
#   STACK=dev   which Pulumi.STACK.yaml (default: local)     ARGS='...'  passed on to the command
#   OUT=DIR     where `render` writes                        YES=1       `down` doesn't ask
#   PORT=8080   where `open` listens                         PYTHON=...  a Python >= 3.11

STACK ?= local
ARGS  ?=
PYTHON ?= python3

VENV := .venv/bin/python
OPS   = $(VENV) -m ops

.DEFAULT_GOAL := help
.PHONY: help init up preview diff status open render diagram policy pr-comment down doctor pulumi sandbox-start sandbox-stop \
        sandbox-status sandbox-crds test test-unit lint format bench schema clean

help: ## List the commands
	@echo 'make COMMAND [STACK=local] [ARGS=...]'
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

# --- run ----------------------------------------------------------------------------------------

up: .venv/.stamp ## Bring the stack up, and say how to use it
	@$(OPS) up --stack $(STACK) $(ARGS)

preview: .venv/.stamp ## Which resources `up` would change
	@$(OPS) preview --stack $(STACK) $(ARGS)

diff: .venv/.stamp ## What `up` would change, property by property
	@$(OPS) diff --stack $(STACK) $(ARGS)

status: .venv/.stamp ## What is ready, what isn't and why; objectives, alerts, backups, certificates, versions
	@$(OPS) status --stack $(STACK) $(ARGS)

open: .venv/.stamp ## Open Kotaemon in the browser [PORT=7860]
	@$(OPS) open --stack $(STACK) $(if $(PORT),--port $(PORT)) $(ARGS)

render: .venv/.stamp ## Write the stack's manifests for a GitOps repository, OUT=DIR
	@$(OPS) render --stack $(STACK) --out '$(or $(OUT),out/$(STACK))' $(ARGS)

policy: .venv/.stamp ## Which rules the stack's resources keep, without engine or cluster
	@$(OPS) policy --stack $(STACK) $(ARGS)

diagram: .venv/.stamp ## Draw each stack's architecture into docs/architecture, from its graph
	@$(OPS) diagram $(if $(filter-out file,$(origin STACK)),--stack '$(STACK)') $(ARGS)

pr-comment: .venv/.stamp ## What this tree would change against BASE=main, as a pull request's comment [OUT=FILE.html]
	@$(OPS) pr-comment $(if $(FROM),--from $(FROM) --stack '$(if $(filter-out file,$(origin STACK)),$(STACK))',\
	  --stack '$(STACK)' $(if $(LIVE),--live,--base '$(or $(BASE),main)')) $(if $(OUT),--out '$(OUT)') $(ARGS)

down: .venv/.stamp ## Delete everything that the stack made [YES=1]
	@$(OPS) down --stack $(STACK) $(if $(YES),--yes) $(ARGS)

pulumi: .venv/.stamp ## Any command of the engine's CLI: ARGS='config set --path app.replicas 3'
	@$(OPS) pulumi --stack $(STACK) -- $(ARGS)

# --- this machine -------------------------------------------------------------------------------

doctor: .venv/.stamp ## What this machine, or the stack's Google project, lacks, and how to get it
	@$(OPS) doctor --stack $(STACK) $(ARGS)

sandbox-start: .venv/.stamp ## Start the sandbox's cluster: a real control plane, simulated nodes
	@$(VENV) -m sandbox start

sandbox-crds: .venv/.stamp ## Define the custom resources on it: Gateway API, cert-manager, GKE's (start does it too)
	@$(VENV) -m sandbox crds

sandbox-stop: .venv/.stamp ## Stop it; its state is kept
	@$(VENV) -m sandbox stop

sandbox-status: .venv/.stamp ## What of it runs
	@$(VENV) -m sandbox status

# Only what was typed behind `make`: PROJECT or DOMAIN may stand in somebody's environment for something else.
typed = $(if $(findstring command,$(origin $(1))),$(2) '$($(1))')
INIT  = $(strip $(call typed,PROJECT,--google-project) $(call typed,DOMAIN,--domain) $(call typed,MEMBERS,--members) \
          $(call typed,REGION,--region) $(call typed,ZONE,--zone) $(call typed,FROM,--from))

init: .venv/.stamp ## Install the packages; with STACK=prod [PROJECT= DOMAIN= MEMBERS= REGION= ZONE= FROM=] set it up
	@$(if $(INIT)$(filter-out local,$(STACK)),$(OPS) init --stack $(STACK) $(INIT) $(ARGS))

.venv/.stamp: uv.lock pyproject.toml
	@$(PYTHON) ops/bootstrap.py

tests/app/.venv/.stamp: tests/app/uv.lock tests/app/pyproject.toml
	@$(PYTHON) ops/bootstrap.py tests/app

# --- develop ------------------------------------------------------------------------------------

test: .venv/.stamp tests/app/.venv/.stamp ## All tests, those on the sandbox too (they build it first)
	@$(VENV) -m sandbox build
	@$(VENV) -m pytest $(ARGS)
	@cd tests/app && .venv/bin/python -m pytest $(ARGS)

test-unit: .venv/.stamp ## The tests that need no sandbox
	@$(VENV) -m pytest -m 'not sandbox' $(ARGS)

lint: .venv/.stamp ## ruff and mypy --strict
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

format: .venv/.stamp ## Format the code
	@.venv/bin/ruff check --fix --quiet .
	@.venv/bin/ruff format .

bench: .venv/.stamp tests/app/.venv/.stamp ## Measure the program, up, the providers and the stores here [ARGS='program stack']
	@$(VENV) -m bench $(ARGS)

schema: .venv/.stamp ## The schema of a stack's file, for editors and docs
	@$(VENV) -m components.config.schema $(ARGS)

clean: ## Remove what can be made again here; state, cluster and cache stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache out
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

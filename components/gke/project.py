"""A Google Cloud project: the provider that reaches it, and the services that must be on in it."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.config.google import EXAMPLE_PROJECT, Google
from components.kubernetes import PART_OF


@dataclass(frozen=True, kw_only=True)
class ProjectArgs:
    """What `Project` needs."""

    google: Google
    apis: tuple[str, ...]
    """Services that must be on, such as container.googleapis.com."""


def google_provider(google: Google, opts: pulumi.ResourceOptions) -> gcp.Provider:
    """The provider of a stack's Google resources; never the default one, whose project is whose gcloud is."""
    return gcp.Provider(
        "google",
        project=google.project,
        region=google.region,
        default_labels={"part-of": PART_OF, "managed-by": "pulumi", "stack": _label(pulumi.get_stack())},
        # Calls are billed and limited where the resources are, not where the caller's credentials were made.
        user_project_override=True,
        billing_project=google.project,
        opts=opts,
    )


def _label(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in text.lower())[:63]


class Project(pulumi.ComponentResource):
    """The services of a project that a stack needs. Source: cloud.google.com/service-usage/docs."""

    id: pulumi.Output[str]
    """The project's id, known once its services are on, so that nothing is asked of one that is off."""
    number: pulumi.Output[str]

    def __init__(self, name: str, args: ProjectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Project", name, None, opts)
        project = args.google.project
        if project == EXAMPLE_PROJECT:
            pulumi.log.warn(
                f"kotaemon:google.project is {EXAMPLE_PROJECT}, which is nobody's: "
                f"make init STACK={pulumi.get_stack()} sets yours",
                self,
            )
        services = [
            gcp.projects.Service(
                f"{name}-{api.removesuffix('.googleapis.com')}",
                project=project,
                service=api,
                # Others in the project may use it, too.
                disable_on_destroy=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for api in args.apis
        ]
        self.id = pulumi.Output.all(*[service.urn for service in services]).apply(lambda _: project)
        self.number = gcp.organizations.get_project_output(
            project_id=self.id, opts=pulumi.InvokeOutputOptions(parent=self)
        ).number
        self.register_outputs({})

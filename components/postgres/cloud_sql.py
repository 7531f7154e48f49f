"""Cloud SQL behind the same contract as the in-cluster server."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pulumi
import pulumi_gcp as gcp
from pulumi_kubernetes import core, discovery, meta

from components.config.google import DatabaseLogin
from components.contracts import (
    ConfigMapRef,
    DatabaseAccess,
    DatabaseProxy,
    Endpoint,
    Flow,
    Peer,
    SecretRef,
)
from components.kubernetes import labels, metadata, selector
from components.network import METADATA_SERVERS
from components.secrets import GeneratedSecret
from components.signals.model import Watch
from components.signals.postgres import postgres_watch

from . import setup
from .cloud_sql_instance import CloudSqlArgs, instance_args
from .server import NAME, PORT
from .setup import MONITOR, SetupArgs, role_password, set_up

PROXY_PORT = 3307  # where an instance takes the proxy's connections
_ADMINISTRATOR = "administrator"
_LONGEST_ACCOUNT = 28  # a role of PostgreSQL has 63 letters: these, `@`, a project's 30, and `.iam`
_ROLES = ("roles/cloudsql.client", "roles/cloudsql.instanceUser")


class CloudSqlPostgres(pulumi.ComponentResource):
    """PostgreSQL by Cloud SQL. Source: cloud.google.com/sql/docs/postgres.

    In the namespace it is the Service `postgres`, as the in-cluster server is: a database that is restored
    into another instance has another address, and no pod must know.
    """

    access: Mapping[str, DatabaseAccess]
    """By database."""
    flows: tuple[Flow, ...]
    watch: Watch
    instance: pulumi.Output[str]
    """The instance's name."""

    def __init__(self, name: str, args: CloudSqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:CloudSqlPostgres", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        instance = gcp.sql.DatabaseInstance(
            f"{args.prefix}-postgres",
            instance_args(args),
            pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                # It grows by itself.
                ignore_changes=["settings.diskSize"],
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m"),
            ),
        )
        self.instance = instance.name
        endpoint = Endpoint(
            host=NAME,
            port=PORT,
            peer=Peer(cidr=args.addresses or "0.0.0.0/0"),
        )
        self._service(name, args.namespace, instance.private_ip_address)
        certificate = core.v1.ConfigMap(
            f"{name}-ca",
            metadata=metadata(NAME, args.namespace),
            # The provider counts certificates among its secrets, which an authority's isn't.
            data={
                "ca.crt": pulumi.Output.unsecret(instance.server_ca_certs).apply(
                    lambda found: (found[0].cert if found else None) or ""
                )
            },
            immutable=True,
            opts=child,
        )
        ca = ConfigMapRef(name=certificate.metadata.name, key="ca.crt")

        def password(of: str) -> GeneratedSecret:
            return role_password(name, of, args.namespace, args.protect, self)

        administrator = password("administrator")
        user = gcp.sql.User(
            f"{name}-administrator",
            project=args.project,
            instance=instance.name,
            name=_ADMINISTRATOR,
            password=administrator.value,
            # It owns what it made, which PostgreSQL doesn't let it leave behind.
            deletion_policy="ABANDON",
            opts=child,
        )
        by_iam = args.settings.login is DatabaseLogin.IAM
        accounts = {
            database: self._account(database, args, instance) for database in args.databases if by_iam
        }
        passwords = {database: password(database).ref for database in args.databases if not by_iam}
        monitor = password(MONITOR).ref if args.monitored else None
        set_up(
            f"{name}-setup",
            SetupArgs(
                namespace=args.namespace,
                endpoint=endpoint,
                administrator=_ADMINISTRATOR,
                password=administrator.ref,
                passwords=passwords,
                owners={database: account.role for database, account in accounts.items()},
                monitor=monitor,
                ca=ca,
            ),
            self,
            user,
        )
        self.access = {
            database: _by_iam(database, accounts[database], instance)
            if by_iam
            else _by_password(database, endpoint, passwords[database], ca)
            for database in args.databases
        }
        statistics = None
        if monitor is not None:
            statistics = replace(_by_password(args.databases[0], endpoint, monitor, ca), username=MONITOR)
        self.watch = postgres_watch(args.scope, endpoint, statistics, in_cluster=False)
        self.flows = (
            Flow(
                name=f"{setup.NAME}-to-{NAME}",
                source=selector(setup.NAME),
                destination=endpoint.peer,
                ports=(PORT,),
            ),
            *(flow for database in accounts for flow in _proxy_flows(database, endpoint.peer)),
        )
        self.register_outputs({})

    def _service(self, name: str, namespace: pulumi.Input[str], address: pulumi.Output[str]) -> None:
        """The instance's address as a Service. Source: kubernetes.io, "Services without selectors"."""
        child = pulumi.ResourceOptions(parent=self)
        core.v1.Service(
            name,
            metadata=metadata(NAME, namespace, name=NAME),
            spec=core.v1.ServiceSpecArgs(
                type="ClusterIP",
                ports=[core.v1.ServicePortArgs(name="postgres", port=PORT, target_port=PORT)],
            ),
            opts=child,
        )
        discovery.v1.EndpointSlice(
            name,
            metadata=meta.v1.ObjectMetaArgs(
                namespace=namespace,
                name=NAME,
                labels={
                    **labels(NAME),
                    "kubernetes.io/service-name": NAME,
                    "endpointslice.kubernetes.io/managed-by": "pulumi",
                },
            ),
            address_type="IPv4",
            ports=[discovery.v1.EndpointPortArgs(name="postgres", port=PORT, protocol="TCP")],
            endpoints=[
                discovery.v1.EndpointArgs(
                    addresses=[address], conditions=discovery.v1.EndpointConditionsArgs(ready=True)
                )
            ],
            opts=child,
        )

    def _account(self, database: str, args: CloudSqlArgs, instance: gcp.sql.DatabaseInstance) -> "_Account":
        """Who an application's pods are to Google, and to the database."""
        child = pulumi.ResourceOptions(parent=self)
        account_id = f"{args.prefix}-{database}"[:_LONGEST_ACCOUNT].rstrip("-")
        account = gcp.serviceaccount.Account(
            f"{args.prefix}-{database}",
            project=args.project,
            account_id=account_id,
            display_name=f"{database} of the stack {args.prefix}",
            opts=child,
        )
        for role in _ROLES:
            gcp.projects.IAMMember(
                f"{args.prefix}-{database}-{role.rpartition('.')[2]}",
                project=args.project,
                role=role,
                member=account.member,
                opts=child,
            )
        gcp.serviceaccount.IAMMember(
            f"{args.prefix}-{database}-pods",
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            # Google refuses a member of a pool that isn't there yet.
            member=pulumi.Output.format(
                "serviceAccount:{0}[{1}/{2}]", args.identities, args.namespace_name, database
            ),
            opts=child,
        )
        user = gcp.sql.User(
            f"{args.prefix}-{database}",
            project=args.project,
            instance=instance.name,
            name=account.email.apply(lambda _: f"{account_id}@{args.project_id}.iam"),
            type="CLOUD_IAM_SERVICE_ACCOUNT",
            deletion_policy="ABANDON",
            opts=child,
        )
        return _Account(email=account.email, role=user.name)


@dataclass(frozen=True, kw_only=True)
class _Account:
    """A Google service account, and the role of the database that it is."""

    email: pulumi.Output[str]
    role: pulumi.Output[str]


def _by_password(database: str, endpoint: Endpoint, password: SecretRef, ca: ConfigMapRef) -> DatabaseAccess:
    return DatabaseAccess(
        endpoint=endpoint,
        database=database,
        username=database,
        password=password,
        # The authority is this instance's alone, so whose certificate it signed is this instance.
        ssl_mode="verify-ca",
        ca=ca,
    )


def _by_iam(database: str, account: _Account, instance: gcp.sql.DatabaseInstance) -> DatabaseAccess:
    return DatabaseAccess(
        endpoint=Endpoint(host="127.0.0.1", port=PORT, peer=Peer(cidr="127.0.0.1/32")),
        database=database,
        username=account.role,
        password=None,
        # The proxy encrypts what leaves the pod.
        ssl_mode="disable",
        proxy=DatabaseProxy(instance=instance.connection_name, account=account.email),
    )


def _proxy_flows(database: str, instance: Peer) -> tuple[Flow, ...]:
    return (
        Flow(
            name=f"{database}-to-cloud-sql",
            source=selector(database),
            destination=instance,
            ports=(PROXY_PORT, PORT),
        ),
        *(
            Flow(name=f"{database}-to-{name}", source=selector(database), destination=server, ports=ports)
            for name, server, ports in METADATA_SERVERS
        ),
    )

"""Registers devices that come with a certificate of the school's own authority."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy.aws.errors import AwsError
from deploy.certificates.authority import Authority
from deploy.certificates.private_files import read


class Registry:
    """The things, certificates and policies of IoT Core.

    Args:
        authority: whose certificates the devices have.
        policy, thing_type: outputs of the stack ``broker.yaml``.
    """

    def __init__(self, authority: Authority, *, policy: str, thing_type: str) -> None:
        self._authority = authority
        self._policy = policy
        self._thing_type = thing_type
        with _explained():
            self._iot: Any = boto3.client("iot")

    def register(self, name: str) -> str:
        """Lets a device in; done twice, it is as if done once.

        Args:
            name: ``<site>/<device>``.

        Returns:
            The name of its thing, which is the agent's client id.

        Raises:
            AwsError, CertificateError, FileError: where it cannot be done.
        """
        site, slash, device = name.partition("/")
        if not slash:
            raise AwsError(f"expected a device as SITE/DEVICE, got {name!r}")
        thing = f"{site}:{device}"
        certificate = read(self._authority.newest(name) / "certificate.pem").decode()
        with _explained():
            arn = self._certificate(certificate)
            self._iot.create_thing(
                thingName=thing,
                thingTypeName=self._thing_type,
                attributePayload={"attributes": {"site": site, "device": device}},
            )
            self._iot.attach_policy(policyName=self._policy, target=arn)
            self._iot.attach_thing_principal(thingName=thing, principal=arn)
        return thing

    def revoke(self, name: str) -> int:
        """Shuts a device out at once; returns how many certificates were switched off."""
        thing = name.replace("/", ":")
        with _explained():
            arns = self._iot.list_thing_principals(thingName=thing)["principals"]
            for arn in arns:
                number = arn.rpartition("/")[2]
                self._iot.update_certificate(certificateId=number, newStatus="INACTIVE")
        return len(arns)

    def _certificate(self, pem: str) -> str:
        try:
            made = self._iot.register_certificate_without_ca(certificatePem=pem, status="ACTIVE")
            return str(made["certificateArn"])
        except self._iot.exceptions.ResourceAlreadyExistsException as error:
            # Registered by an earlier call; the answer names it.
            known = error.response.get("resourceArn")
            if not known:
                raise
            return str(known)


def device_settings(folder: Path) -> str:
    """The section ``mqtt`` of a device's configuration, for IoT Core."""
    with _explained():
        endpoint = boto3.client("iot").describe_endpoint(endpointType="iot:Data-ATS")
    return (
        "mqtt:\n"
        f"  host: {endpoint['endpointAddress']}\n"
        "  port: 8883\n"
        "  wait_for_broker: true\n"
        f"  ca_file: {folder / 'AmazonRootCA1.pem'}\n"
        f"  certificate_file: {folder / 'certificate.pem'}\n"
        f"  key_file: {folder / 'key.pem'}\n"
    )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        with contextlib.suppress(AttributeError):
            code = error.response["Error"]["Code"]
            raise AwsError(f"expected AWS to agree, got {code}: {error}") from error
        raise AwsError(
            f"expected an account and a region of AWS, got: {error}; set AWS_REGION and log in"
        ) from error

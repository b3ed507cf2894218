"""The small parts: a queue, a post office, secrets, executions and a pool of people."""

import hashlib
import json
import uuid
from typing import Any

from tests.cloud.dynamodb import Refused

Json = dict[str, Any]


class Sqs:
    """Messages in the order sent, under the address of their queue."""

    def __init__(self) -> None:
        self.sent: dict[str, list[str]] = {}

    def state(self) -> Any:
        return {url: list(bodies) for url, bodies in self.sent.items()}

    def put_back(self, state: Any) -> None:
        self.sent = {url: list(bodies) for url, bodies in state.items()}

    def send_message(self, call: Json) -> Json:
        body = call["MessageBody"]
        self.sent.setdefault(call["QueueUrl"], []).append(body)
        digest = hashlib.md5(body.encode()).hexdigest()
        return {"MessageId": str(uuid.uuid4()), "MD5OfMessageBody": digest}


class Ses:
    """Letters that were handed over, oldest first: who gets them, and the raw message."""

    def __init__(self) -> None:
        self.sent: list[Json] = []

    def state(self) -> Any:
        return list(self.sent)

    def put_back(self, state: Any) -> None:
        self.sent = list(state)

    def send_email(self, call: Json) -> Json:
        self.sent = [*self.sent, call]
        return {"MessageId": str(uuid.uuid4())}


class Secrets:
    """Texts under their names."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def state(self) -> Any:
        return dict(self.texts)

    def put_back(self, state: Any) -> None:
        self.texts = dict(state)

    def get_secret_value(self, call: Json) -> Json:
        name = call["SecretId"]
        if name not in self.texts:
            raise Refused("ResourceNotFoundException", f"no secret {name}")
        return {"ARN": name, "Name": name, "SecretString": self.texts[name]}


class States:
    """Executions by machine and name. They run until a test ends them."""

    def __init__(self) -> None:
        self.started: dict[tuple[str, str], Json] = {}

    def state(self) -> Any:
        return {key: dict(one) for key, one in self.started.items()}

    def put_back(self, state: Any) -> None:
        self.started = {key: dict(one) for key, one in state.items()}

    def end_all(self) -> None:
        for one in self.started.values():
            one["status"] = "SUCCEEDED"

    def start_execution(self, call: Json) -> Json:
        machine, name = call["stateMachineArn"], call["name"]
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        known = self.started.get((machine, name))
        if known is not None and (known["status"] != "RUNNING" or known["input"] != call["input"]):
            raise Refused("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        if known is None:
            self.started[machine, name] = {"input": call["input"], "status": "RUNNING"}
        return {"executionArn": arn, "startDate": 0}

    def list_executions(self, call: Json) -> Json:
        return {
            "executions": [
                {
                    "executionArn": f"{machine}:{name}",
                    "stateMachineArn": machine,
                    "name": name,
                    "status": one["status"],
                    "startDate": 0,
                }
                for (machine, name), one in self.started.items()
                if machine == call["stateMachineArn"]
                and one["status"] == call.get("statusFilter", one["status"])
            ]
        }

    def inputs(self, machine: str) -> list[Json]:
        return [
            json.loads(one["input"]) for (arn, _), one in self.started.items() if arn == machine
        ]


class Cognito:
    """People of pools by their address or user name, each with a subject, groups and a password.

    A sign-in is answered with tokens that nobody signed: "access of <name>", "refresh of <name>".
    """

    def __init__(self) -> None:
        self.people: dict[tuple[str, str], str] = {}
        self.groups: dict[tuple[str, str], tuple[str, ...]] = {}
        self.passwords: dict[str, str] = {}
        self.revoked: frozenset[str] = frozenset()

    def state(self) -> Any:
        return dict(self.people), dict(self.groups), dict(self.passwords), self.revoked

    def put_back(self, state: Any) -> None:
        people, groups, passwords, self.revoked = state
        self.people, self.groups, self.passwords = dict(people), dict(groups), dict(passwords)

    def employ(self, pool: str, name: str, *groups: str, password: str = "") -> None:
        """Somebody who is there already."""
        self.people[pool, name], self.groups[pool, name] = name, groups
        self.passwords[name] = password

    def admin_create_user(self, call: Json) -> Json:
        person = call["UserPoolId"], call["Username"]
        if person in self.people:
            raise Refused("UsernameExistsException", "User account already exists")
        self.people[person] = str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(person)))
        return {"User": {"Username": person[1], "Attributes": self._attributes(person)}}

    def admin_get_user(self, call: Json) -> Json:
        person = self._known(call)
        return {
            "Username": person[1],
            "Enabled": True,
            "UserAttributes": self._attributes(person),
        }

    def admin_list_groups_for_user(self, call: Json) -> Json:
        return {"Groups": [{"GroupName": one} for one in self.groups.get(self._known(call), ())]}

    def initiate_auth(self, call: Json) -> Json:
        given = call["AuthParameters"]
        name = given["USERNAME"]
        if not name or self.passwords.get(name) != given["PASSWORD"]:
            raise Refused("NotAuthorizedException", "Incorrect username or password.")
        tokens = {"AccessToken": f"access of {name}", "RefreshToken": f"refresh of {name}"}
        return {"AuthenticationResult": {**tokens, "ExpiresIn": 900, "TokenType": "Bearer"}}

    def revoke_token(self, call: Json) -> Json:
        self.revoked |= {call["Token"]}
        return {}

    def _known(self, call: Json) -> tuple[str, str]:
        person = call["UserPoolId"], call["Username"]
        if person not in self.people:
            raise Refused("UserNotFoundException", "User does not exist.")
        return person

    def _attributes(self, person: tuple[str, str]) -> list[Json]:
        return [
            {"Name": "sub", "Value": self.people[person]},
            {"Name": "email", "Value": person[1]},
        ]

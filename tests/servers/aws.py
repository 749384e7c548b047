#!/usr/bin/env python3
"""A stand-in for what moto lacks of AWS: SageMaker with its states, ECR in front of a real registry, and what a
deployment asks of STS, IAM and Service Quotas.  Written from AWS's published API; it verifies signatures.

    with registry.Server(folder) as reg, aws.Server(reg) as cloud:
        subprocess.run([...], env=cloud.env)
        cloud.state()                       everything that exists, for before and after
        cloud.fail("CreateModel", 1, "ThrottlingException")      the first call of it from now on
        cloud.cut(None, 7, "after")         the seventh call of any: it acts, and the answer is lost
        cloud.outcomes.append(aws.ROLLED_BACK)     how the next CreateEndpoint or UpdateEndpoint ends

`violations` holds what AWS lets one do and an endpoint would suffer from, such as deleting a configuration in use.
"""
import base64
import datetime
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/splice-sagemaker"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                 "Principal": {"Service": "sagemaker.amazonaws.com"}}]}
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
INSTANCE_TYPES = {"ml.t2.medium", "ml.m5.large", "ml.m5.xlarge", "ml.c5.large", "ml.c7g.large", "ml.m4.xlarge"}
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

# How a creation or an update ends.
IN_SERVICE = ("InService", "")
ROLLED_BACK = ("RolledBack", "")
STUCK = ("Stuck", "")


def failed(reason):
    return ("Failed", reason)


class Refused(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def invalid(message):
    return Refused("ValidationException", message)


# --- signatures: the receiver's half of Signature Version 4 ---

def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _canonical(method, target, headers, signed, body):
    path, _, query = target.partition("?")
    pairs = sorted(p if "=" in p else p + "=" for p in query.split("&") if p)
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in signed.split(";")]
    return "\n".join([method, urllib.parse.quote(path, safe="/~"), "&".join(pairs), *lines, "", signed,
                      hashlib.sha256(body).hexdigest()])


def check_signature(keys, method, target, headers, body):
    """The service that the request was signed for."""
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/([^/]+)/aws4_request, "
                         r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", headers.get("authorization", ""))
    if not found:
        raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    access, day, region, service, signed, signature = found.groups()
    if access not in keys:
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.", 400)
    if keys[access] is None:
        raise Refused("ExpiredTokenException", "The security token included in the request is expired", 400)
    when = headers["x-amz-date"]
    stamp = datetime.datetime.strptime(when, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
    text = _canonical(method, target, headers, signed, body)
    text = "\n".join(["AWS4-HMAC-SHA256", when, f"{day}/{region}/{service}/aws4_request",
                      hashlib.sha256(text.encode()).hexdigest()])
    key = ("AWS4" + keys[access]).encode()
    for part in (day, region, service, "aws4_request"):
        key = _hmac(key, part)
    if not hmac.compare_digest(_hmac(key, text).hex(), signature):
        raise Refused("InvalidSignatureException",
                      "The request signature we calculated does not match the signature you provided.", 403)
    if abs(stamp - time.time()) > 900:
        raise Refused("InvalidSignatureException", f"Signature expired: {when} is now earlier than it may be", 403)
    if not {"host", "x-amz-date"} <= set(signed.split(";")):
        raise Refused("InvalidSignatureException", "Host and date are to be signed", 403)
    return service


# --- SageMaker ---

class SageMaker:
    def __init__(self, cloud):
        self.cloud = cloud
        self.models, self.configs, self.endpoints, self.tags = {}, {}, {}, {}

    def arn(self, kind, name):
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name.lower()}"

    def _name(self, name):
        if not NAME.fullmatch(name):
            raise invalid(f"1 validation error detected: Value '{name}' failed to satisfy constraint: "
                          r"Member must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")

    def _tag(self, arn, tags):
        keys = [t["Key"] for t in tags or []]
        if len(set(keys)) < len(keys) or len(keys) > 50 or any(k.lower().startswith("aws:") for k in keys):
            raise invalid("The tags are not valid")
        for t in tags or []:
            if not re.fullmatch(r"[\w\s.:/=+\-@]{1,128}", t["Key"]) or \
                    not re.fullmatch(r"[\w\s.:/=+\-@]{0,256}", t["Value"]):
                raise invalid("The tags are not valid")
        self.tags.setdefault(arn, {}).update({t["Key"]: t["Value"] for t in tags or []})

    def _new(self, table, kind, word, name, value, tags):
        self._name(name)
        if name in table:
            raise invalid(f'Cannot create already existing {word} "{self.arn(kind, name)}".')
        self._tag(self.arn(kind, name), tags)
        table[name] = {**value, "CreationTime": time.time()}

    def _get(self, table, kind, word, name):
        if name not in table:
            raise invalid(f'Could not find {word} "{self.arn(kind, name)}".')
        return table[name]

    # models

    def CreateModel(self, q):
        role = q["ExecutionRoleArn"]
        known = self.cloud.roles.get(role)
        if not re.fullmatch(r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+", role):
            raise invalid("1 validation error detected: Value at 'executionRoleArn' failed to satisfy constraint")
        if known is None or "sagemaker.amazonaws.com" not in json.dumps(known):
            raise invalid(f"Could not assume role {role}. Please ensure that the role exists and allows principal "
                          "'sagemaker.amazonaws.com' to assume the role.")
        self.cloud.ecr.check_image(q["PrimaryContainer"]["Image"])
        self._new(self.models, "model", "model", q["ModelName"],
                  {k: q[k] for k in ("PrimaryContainer", "ExecutionRoleArn")}, q.get("Tags"))
        return {"ModelArn": self.arn("model", q["ModelName"])}

    def DescribeModel(self, q):
        m = self._get(self.models, "model", "model", q["ModelName"])
        return {"ModelName": q["ModelName"], "ModelArn": self.arn("model", q["ModelName"]), **m}

    def DeleteModel(self, q):
        name = q["ModelName"]
        self._get(self.models, "model", "model", name)
        for e, config in self._live():
            if any(v.get("ModelName") == name for v in config["ProductionVariants"]):
                self.cloud.violations.append(f"model {name} of the live endpoint {e} was deleted")
        self.tags.pop(self.arn("model", name), None)
        del self.models[name]
        return None

    # configurations

    def CreateEndpointConfig(self, q):
        names = [v["VariantName"] for v in q["ProductionVariants"]]
        if len(set(names)) < len(names) or not 1 <= len(names) <= 10:
            raise invalid("ProductionVariants must have between 1 and 10 different names")
        for v in q["ProductionVariants"]:
            self._name(v["VariantName"])
            self._get(self.models, "model", "model", v["ModelName"])
            if v["InstanceType"] not in INSTANCE_TYPES:
                raise invalid(f"1 validation error detected: Value '{v['InstanceType']}' at 'productionVariants' failed "
                              "to satisfy constraint: Member must satisfy enum value set")
            if v["InitialInstanceCount"] < 1 or v.get("InitialVariantWeight", 1) < 0:
                raise invalid("A count or a weight is out of range")
        if any(k in q for k in ("CreationTime", "EndpointConfigArn")):
            raise Refused("SerializationException", "unknown member")
        value = {k: v for k, v in q.items() if k not in ("EndpointConfigName", "Tags")}
        self._new(self.configs, "endpoint-config", "endpoint configuration", q["EndpointConfigName"], value,
                  q.get("Tags"))
        return {"EndpointConfigArn": self.arn("endpoint-config", q["EndpointConfigName"])}

    def DescribeEndpointConfig(self, q):
        c = self._get(self.configs, "endpoint-config", "endpoint configuration", q["EndpointConfigName"])
        return {"EndpointConfigName": q["EndpointConfigName"],
                "EndpointConfigArn": self.arn("endpoint-config", q["EndpointConfigName"]), **c}

    def DeleteEndpointConfig(self, q):
        name = q["EndpointConfigName"]
        self._get(self.configs, "endpoint-config", "endpoint configuration", name)
        for e in self.endpoints.values():
            if name in (e["config"], e["wanted"]) and e["status"] not in ("Failed", "Deleting"):
                self.cloud.violations.append(f"configuration {name} in use was deleted")
        self.tags.pop(self.arn("endpoint-config", name), None)
        del self.configs[name]
        return None

    # endpoints

    def _live(self):
        for name, e in self.endpoints.items():
            if e["status"] in ("InService", "Updating", "Creating") and e["config"] in self.configs:
                yield name, self.configs[e["config"]]

    def _quota(self, config, instead=None):
        used = {}
        for name, c in [*((n, c) for n, c in self._live() if n != instead), (None, config)]:
            for v in c["ProductionVariants"]:
                used.setdefault(v["InstanceType"], []).append(v["InitialInstanceCount"])
        for kind, counts in used.items():
            limit = self.cloud.quotas.get(f"{kind} for endpoint usage", 1e9)
            if sum(counts) > limit:
                raise Refused("ResourceLimitExceeded",
                              f"The account-level service limit '{kind} for endpoint usage' is {limit:.0f} Instances, "
                              f"with current utilization of {sum(counts[:-1])} Instances and a request delta of "
                              f"{counts[-1]} Instances. Please use AWS Service Quotas to request an increase.")

    def _begin(self, e, status, config):
        e.update(status=status, wanted=config, left=self.cloud.delay,
                 outcome=self.cloud.outcomes.pop(0) if self.cloud.outcomes else IN_SERVICE)

    def _adopt(self, e, config):
        e["config"] = config
        e["variants"] = {v["VariantName"]: [v.get("InitialVariantWeight", 1.0), v["InitialInstanceCount"]]
                         for v in self.configs[config]["ProductionVariants"]}

    def _advance(self, name, e):
        """A look brings an endpoint that is under way one step nearer to its end."""
        if e["status"] not in ("Creating", "Updating", "Deleting"):
            return
        e["left"] -= 1
        if e["left"] > 0 or (e["outcome"][0] == "Stuck" and e["status"] != "Deleting"):
            return
        if e["status"] == "Deleting":
            self.tags.pop(self.arn("endpoint", name), None)
            del self.endpoints[name]
            return
        kind, reason = e["outcome"]
        if kind == "InService" and e["wanted"] not in self.configs:
            kind, reason = "Failed", "The configuration is gone"
        if kind == "InService":
            self._adopt(e, e["wanted"])
            e["status"] = "InService"
        elif kind == "RolledBack":
            e["status"] = "InService"
        else:
            e["status"], e["reason"] = "Failed", reason
        e["wanted"] = e["config"]

    def CreateEndpoint(self, q):
        config = self._get(self.configs, "endpoint-config", "endpoint configuration", q["EndpointConfigName"])
        self._quota(config)
        self._new(self.endpoints, "endpoint", "endpoint", q["EndpointName"],
                  {"config": q["EndpointConfigName"], "reason": "", "variants": {}}, q.get("Tags"))
        self._begin(self.endpoints[q["EndpointName"]], "Creating", q["EndpointConfigName"])
        return {"EndpointArn": self.arn("endpoint", q["EndpointName"])}

    def _endpoint(self, q):
        return self._get(self.endpoints, "endpoint", "endpoint", q["EndpointName"])

    def _settled(self, q):
        e = self._endpoint(q)
        if e["status"] in ("Creating", "Updating", "Deleting"):
            raise invalid(f'Cannot update in-progress endpoint "{self.arn("endpoint", q["EndpointName"])}".')
        return e

    def DescribeEndpoint(self, q):
        name = q["EndpointName"]
        self._advance(name, self._endpoint(q))
        e = self._endpoint(q)
        told = {"EndpointName": name, "EndpointArn": self.arn("endpoint", name), "EndpointStatus": e["status"],
                "EndpointConfigName": e["config"], "CreationTime": e["CreationTime"],
                "ProductionVariants": [
                    {"VariantName": v, "CurrentWeight": w, "DesiredWeight": w, "CurrentInstanceCount": n,
                     "DesiredInstanceCount": n} for v, (w, n) in e["variants"].items()]}
        return {**told, "FailureReason": e["reason"]} if e["reason"] else told

    def UpdateEndpoint(self, q):
        e = self._settled(q)
        config = self._get(self.configs, "endpoint-config", "endpoint configuration", q["EndpointConfigName"])
        if e["status"] == "Failed":
            raise invalid("Cannot update a failed endpoint")
        if e["config"] == q["EndpointConfigName"]:
            raise invalid("The endpoint has this configuration: existing endpoint configuration")
        self._quota(config, q["EndpointName"])
        self._begin(e, "Updating", q["EndpointConfigName"])
        return {"EndpointArn": self.arn("endpoint", q["EndpointName"])}

    def UpdateEndpointWeightsAndCapacities(self, q):
        e = self._settled(q)
        for w in q["DesiredWeightsAndCapacities"]:
            if w["VariantName"] not in e["variants"]:
                raise invalid(f"Could not find variant {w['VariantName']}")
        for w in q["DesiredWeightsAndCapacities"]:
            e["variants"][w["VariantName"]][0] = w["DesiredWeight"]
        e.update(status="Updating", wanted=e["config"], left=self.cloud.delay, outcome=ROLLED_BACK)
        return {"EndpointArn": self.arn("endpoint", q["EndpointName"])}

    def DeleteEndpoint(self, q):
        e = self._settled(q)
        e.update(status="Deleting", left=self.cloud.delay)
        return None

    def ListEndpoints(self, q):
        names = sorted(self.endpoints, key=lambda n: -self.endpoints[n]["CreationTime"])
        return {"Endpoints": [{"EndpointName": n, "EndpointStatus": self.endpoints[n]["status"]} for n in names
                              if q.get("NameContains", "") in n]}

    # tags

    def AddTags(self, q):
        if q["ResourceArn"] not in self.tags:
            raise invalid("Could not find resource")
        self._tag(q["ResourceArn"], q["Tags"])
        return {"Tags": q["Tags"]}

    def ListTags(self, q):
        if q["ResourceArn"] not in self.tags:
            raise invalid("Could not find resource")
        items = sorted(self.tags[q["ResourceArn"]].items())
        at = int(q.get("NextToken", 0))
        told = {"Tags": [{"Key": k, "Value": v} for k, v in items[at:at + 5]]}
        return {**told, "NextToken": str(at + 5)} if len(items) > at + 5 else told


# --- ECR: the control API in front of a registry's own folder ---

class ECR:
    def __init__(self, cloud, registry):
        self.cloud, self.registry = cloud, registry
        self.repositories = {}

    def _folder(self, name):
        return self.registry.folder / "data/docker/registry/v2/repositories" / name

    def images(self, name):
        tags = self._folder(name) / "_manifests/tags"
        return {t.name: (t / "current/link").read_text() for t in tags.iterdir()} if tags.is_dir() else {}

    def _told(self, name):
        return {"repositoryName": name, "repositoryUri": f"127.0.0.1:{self.registry.port}/{name}",
                "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"}

    def _get(self, name):
        if name not in self.repositories:
            raise Refused("RepositoryNotFoundException", f"The repository with name '{name}' does not exist in the "
                          f"registry with id '{ACCOUNT}'")
        return self._told(name)

    def check_image(self, image):
        found = re.fullmatch(r"[^/]+/(.+)@(sha256:[0-9a-f]{64})", image)
        if not found or found[2] not in self.images(found[1]).values():
            raise invalid(f"Requested image {image} not found.")
        manifest, _ = self.registry.get(f"/v2/{found[1]}/manifests/{found[2]}",
                                        Accept=DOCKER_MANIFEST + ", application/vnd.oci.image.manifest.v1+json")
        if json.loads(manifest)["mediaType"] != DOCKER_MANIFEST:
            raise invalid(f"Unsupported manifest media type for image {image}.")

    def CreateRepository(self, q):
        name = q["repositoryName"]
        if name in self.repositories:
            raise Refused("RepositoryAlreadyExistsException", f"The repository with name '{name}' already exists")
        self.repositories[name] = {t["Key"]: t["Value"] for t in q.get("tags", [])}
        return {"repository": self._told(name)}

    def DescribeRepositories(self, q):
        return {"repositories": [self._get(n) for n in q.get("repositoryNames", self.repositories)]}

    def DeleteRepository(self, q):
        name = q["repositoryName"]
        told = self._get(name)
        if self.images(name):
            raise Refused("RepositoryNotEmptyException", f"The repository with name '{name}' cannot be deleted because "
                          "it still contains images")
        del self.repositories[name]
        shutil.rmtree(self._folder(name), ignore_errors=True)
        return {"repository": told}

    def ListTagsForResource(self, q):
        name = q["resourceArn"].split("/", 1)[1]
        self._get(name)
        return {"tags": [{"Key": k, "Value": v} for k, v in self.repositories[name].items()]}

    def GetAuthorizationToken(self, q):
        token = base64.b64encode(f"{self.registry.user}:{self.registry.password}".encode()).decode()
        return {"authorizationData": [{"authorizationToken": token, "expiresAt": time.time() + 43200,
                                       "proxyEndpoint": self.registry.url}]}

    def DescribeImages(self, q):
        self._get(q["repositoryName"])
        images = self.images(q["repositoryName"])
        told = []
        for i in q["imageIds"]:
            if i["imageTag"] not in images:
                raise Refused("ImageNotFoundException", f"The image with imageId {i} does not exist within the "
                              f"repository with name '{q['repositoryName']}'")
            told.append({"imageDigest": images[i["imageTag"]], "imageTags": [i["imageTag"]]})
        return {"imageDetails": told}

    def BatchDeleteImage(self, q):
        name = q["repositoryName"]
        self._get(name)
        done, failures = [], []
        for i in q["imageIds"]:
            digest = self.images(name).get(i["imageTag"])
            if not digest:
                failures.append({"imageId": i, "failureCode": "ImageNotFound",
                                 "failureReason": "Requested image not found"})
                continue
            shutil.rmtree(self._folder(name) / "_manifests/tags" / i["imageTag"])
            if digest not in self.images(name).values():
                shutil.rmtree(self._folder(name) / "_manifests/revisions/sha256" / digest.removeprefix("sha256:"))
                for m, v in self.cloud.sagemaker.models.items():
                    if v["PrimaryContainer"]["Image"].endswith(digest):
                        self.cloud.violations.append(f"the image of model {m} was deleted")
            done.append({**i, "imageDigest": digest})
        return {"imageIds": done, "failures": failures}


# --- the small ones ---

class Query:
    """STS and IAM: a form in, XML out."""

    def __init__(self, cloud):
        self.cloud = cloud

    def GetCallerIdentity(self, q):
        return f"<Arn>{self.cloud.identity}</Arn><UserId>AIDA</UserId><Account>{ACCOUNT}</Account>"

    def GetRole(self, q):
        for arn, trust in self.cloud.roles.items():
            if arn.rsplit("/", 1)[1] == q["RoleName"]:
                document = urllib.parse.quote(json.dumps(trust), safe="")
                return (f"<Role><RoleName>{q['RoleName']}</RoleName><Arn>{arn}</Arn>"
                        f"<AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument></Role>")
        raise Refused("NoSuchEntity", f"The role with name {q['RoleName']} cannot be found.", 404)

    def SimulatePrincipalPolicy(self, q):
        actions = [v for k, v in sorted(q.items(), key=lambda kv: int(re.sub(r"\D", "", kv[0]) or 0))
                   if k.startswith("ActionNames.member.")]
        at = int(q.get("Marker", 0))
        page = actions[at:at + 10]
        members = "".join(
            f"<member><EvalActionName>{a}</EvalActionName><EvalDecision>"
            f"{'implicitDeny' if a in self.cloud.denied else 'allowed'}</EvalDecision><EvalResourceName>*"
            "</EvalResourceName></member>" for a in page)
        more = len(actions) > at + 10
        return (f"<IsTruncated>{str(more).lower()}</IsTruncated>" + (f"<Marker>{at + 10}</Marker>" if more else "") +
                f"<EvaluationResults>{members}</EvaluationResults>")


class Quotas:
    def __init__(self, cloud):
        self.cloud = cloud

    def ListServiceQuotas(self, q):
        names = sorted(self.cloud.quotas)
        at = int(q.get("NextToken", 0))
        told = {"Quotas": [{"QuotaName": n, "Value": float(self.cloud.quotas[n])} for n in names[at:at + 2]]}
        return {**told, "NextToken": str(at + 2)} if len(names) > at + 2 else told


TARGETS = {"SageMaker": ("sagemaker", "sagemaker"), "AmazonEC2ContainerRegistry_V20150921": ("ecr", "ecr"),
           "ServiceQuotasV20190624": ("servicequotas", "service_quotas")}


class Server:
    """A context manager; `url`, `access_key`, `secret_key` and `env` hold while it is open."""

    access_key, secret_key = "AKIASTANDIN", "secret/of+the/stand-in"

    def __init__(self, registry):
        self.keys = {self.access_key: self.secret_key, "AKIAEXPIRED": None}
        self.identity = f"arn:aws:iam::{ACCOUNT}:user/tester"
        self.roles = {ROLE: TRUST}
        self.quotas = {f"{t} for endpoint usage": 20 for t in INSTANCE_TYPES}
        self.denied = set()   # actions that SimulatePrincipalPolicy refuses
        self.refused = set()  # operations that are refused themselves
        self.delay = 2        # looks until an endpoint has got where it goes
        self.outcomes, self.violations, self.calls, self.faults = [], [], [], []
        self.sagemaker, self.ecr = SageMaker(self), ECR(self, registry)
        self.query, self.service_quotas = Query(self), Quotas(self)
        self.lock = threading.Lock()

    def __enter__(self):
        cloud = self

        class Handler(_Handler):
            server_cloud = cloud

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()

    @property
    def env(self):
        """This process's environment with what leads a program here in place of all its AWS settings."""
        return {**{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SPLICE_"))},
                "AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": self.access_key,
                "AWS_SECRET_ACCESS_KEY": self.secret_key, "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

    def fail(self, operation, nth, code, status=400, message="because", times=1, headers=()):
        """Call number nth from now on, and `times - 1` behind it, of an operation (None: of any) is refused."""
        self.faults.append({"operation": operation, "nth": nth, "times": times, "code": code, "status": status,
                            "message": message, "headers": dict(headers)})

    def cut(self, operation, nth, when):
        """The connection ends `before` the call acts, or `after`."""
        self.faults.append({"operation": operation, "nth": nth, "times": 1, "cut": when})

    def state(self):
        """What exists, without times: for comparing before with after."""
        s = self.sagemaker
        plain = {n: {k: v for k, v in m.items() if k != "CreationTime"} for n, m in s.models.items()}
        configs = {n: {k: v for k, v in c.items() if k != "CreationTime"} for n, c in s.configs.items()}
        endpoints = {n: {"config": e["config"], "status": e["status"], "variants": e["variants"]}
                     for n, e in s.endpoints.items()}
        repositories = {n: self.ecr.images(n) for n in self.ecr.repositories}
        return json.loads(json.dumps({"models": plain, "configs": configs, "endpoints": endpoints, "tags": s.tags,
                                      "repositories": repositories}, sort_keys=True))

    def settle(self):
        """Bring every endpoint to where it goes."""
        for _ in range(self.delay + 1):
            for name in list(self.sagemaker.endpoints):
                self.sagemaker._advance(name, self.sagemaker.endpoints[name])

    def _fault(self, operation):
        for f in self.faults:
            if f["operation"] not in (None, operation):
                continue
            f["nth"] -= 1
            if f["nth"] <= 0 and f["nth"] > -f["times"]:
                return f
        return None


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes
    server_cloud = None

    def log_message(self, *args):
        pass

    def _answer(self, status, body, kind, headers=()):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _cut(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _route(self, headers, body, service):
        """Operation, the function, its argument, and whether it speaks XML."""
        cloud = self.server_cloud
        target = headers.get("x-amz-target")
        if target:
            prefix, _, operation = target.partition(".")
            wanted, attribute = TARGETS.get(prefix, (None, None))
            if wanted != service:
                raise Refused("InvalidSignatureException", f"Credential should be scoped to service {wanted}", 403)
            owner, q, xml = getattr(cloud, attribute), json.loads(body), False
        elif self.path.startswith("/endpoints/"):
            return "InvokeEndpoint", self._invoke, (self.path, headers), False
        else:
            q = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
            operation, owner, xml = q["Action"], cloud.query, True
            if service != ("sts" if operation == "GetCallerIdentity" else "iam"):
                raise Refused("SignatureDoesNotMatch", "Credential should be scoped to correct service", 403)
        function = getattr(owner, operation, None)
        if not function or not operation[0].isupper():
            raise Refused("UnknownOperationException", f"{operation} is not known here")
        return operation, function, q, xml

    def _invoke(self, what):
        path, headers = what
        name = urllib.parse.unquote(path.split("/")[2])
        e = self.server_cloud.sagemaker.endpoints.get(name)
        if not e or e["status"] != "InService" and e["status"] != "Updating":
            raise Refused("ValidationError", f"Endpoint {name} of account {ACCOUNT} not found.")
        variant = headers.get("x-amzn-sagemaker-target-variant")
        if variant and variant not in e["variants"]:
            raise Refused("ValidationError", f"Variant {variant} not found for Request")
        return {"variant": variant or max(e["variants"], key=lambda v: e["variants"][v][0])}

    def do_POST(self):
        cloud = self.server_cloud
        headers = {k.lower(): v for k, v in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        xml = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        with cloud.lock:
            fault = None
            try:
                service = check_signature(cloud.keys, "POST", self.path, headers, body)
                operation, function, q, xml = self._route(headers, body, service)
                cloud.calls.append(operation)
                fault = cloud._fault(operation)
                if fault and fault.get("cut") == "before":
                    return self._cut()
                if fault and "code" in fault:
                    raise Refused(fault["code"], fault["message"], fault["status"])
                if operation in cloud.refused:
                    raise Refused("AccessDenied" if xml else "AccessDeniedException",
                                  f"User: {cloud.identity} is not authorized to perform: {operation}", 403)
                told = function(q)
                if fault:
                    return self._cut()
            except Refused as e:
                extra = fault["headers"] if fault and "headers" in fault else {}
                return self._refuse(e, xml, extra)
        if xml:
            self._answer(200, f"<{operation}Response xmlns=\"https://x.amazonaws.com/doc/\"><{operation}Result>{told}"
                         f"</{operation}Result></{operation}Response>", "text/xml")
        else:
            self._answer(200, "" if told is None else json.dumps(told), "application/x-amz-json-1.1")

    def _refuse(self, e, xml, headers):
        if xml:
            self._answer(e.status, f"<ErrorResponse><Error><Type>Sender</Type><Code>{e.code}</Code><Message>"
                         f"{escape(e.message)}</Message></Error></ErrorResponse>", "text/xml", headers)
        else:
            self._answer(e.status, json.dumps({"__type": "com.amazonaws#" + e.code, "message": e.message}),
                         "application/x-amz-json-1.1", headers)


def main():
    """Print the variables that lead to a stand-in and its registry; runs until input ends."""
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    import tempfile

    import registry
    with tempfile.TemporaryDirectory() as folder, registry.Server(folder, protected=True) as r, Server(r) as cloud:
        for name, value in cloud.env.items():
            if name.startswith("AWS_"):
                print(f"export {name}={value}", flush=True)
        print(f"export SPLICE_SAGEMAKER_ROLE={ROLE}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

"""Pods, services and names: who reaches whom."""
import re
import socket
import subprocess
import urllib.request

from pods import CURL, NGINX, PodTest, container, pod, service

CURL_CMD = "curl -sS -m 5 -o /dev/null -w '%{http_code}\\n' "


class Network(PodTest):
    def client(self, *more):
        """A web server, services in front of it, and a pod to ask from."""
        web = container(image=NGINX, ports=[{"name": "http", "containerPort": 80}],
                        readinessProbe={"tcpSocket": {"port": 80}, "periodSeconds": 1})
        self.create(pod("web", web, labels={"app": "web"}, hostname="web-0", subdomain="headless"),
                    pod("client", container(image=CURL, script="sleep 1000")), *more)
        self.ready("web", "client")
        return self.get("pods", "web")["status"]["podIP"]

    def eventually(self, name, script, want, timeout=15):
        last = {}

        def look():
            last["out"] = self.exec(name, script, check=False)
            return last["out"] == want
        try:
            self.until(look, "", timeout, 0.3)
        except AssertionError:
            self.assertEqual(last["out"], want)

    def test_two_pods_talk(self):
        ip = self.client()
        self.assertEqual(self.exec("client", CURL_CMD + ip), "200\n")
        self.assertIn("1 packets received", self.exec("client", f"ping -c1 -W2 {ip}"))

    def test_service_by_name(self):
        self.client(service("front", {"app": "web"}, 8080, 80))
        for name in ("front", f"front.{self.ns}", f"front.{self.ns}.svc", f"front.{self.ns}.svc.cluster.local"):
            self.eventually("client", CURL_CMD + f"http://{name}:8080", "200\n")
        ip = self.get("services", "front")["spec"]["clusterIP"]
        self.assertIn("1 packets received", self.exec("client", f"ping -c1 -W2 {ip}"))
        # the pod behind the service reaches itself through it
        self.eventually("web", CURL_CMD + "http://front:8080", "200\n")

    def test_service_without_endpoints_refuses(self):
        self.client(service("nobody", {"app": "nobody"}, 80))
        self.eventually("client", "curl -sS -m 5 http://nobody >/dev/null 2>&1; echo $?", "7\n")

    def test_service_by_port_name_and_unready(self):
        s = service("named", {"app": "slow"}, 80, "web")
        self.client(s, pod("slow", container(image=NGINX, ports=[{"name": "web", "containerPort": 80}],
                                             readinessProbe={"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1})))
        self.wait("slow", lambda p: p["status"].get("phase") == "Running", "runs")
        self.eventually("client", "curl -sS -m 5 http://named >/dev/null 2>&1; echo $?", "7\n")
        self.exec("slow", "touch /tmp/ready")
        self.ready("slow")
        self.eventually("client", CURL_CMD + "http://named", "200\n")

    def test_node_port(self):
        self.client(service("np", {"app": "web"}, 80, type="NodePort"))
        port = self.get("services", "np")["spec"]["ports"][0]["nodePort"]
        node = self.k.api("GET", "/api/v1/nodes")[1]["items"][0]
        ip = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")

        def ask():
            try:
                with urllib.request.urlopen(f"http://{ip}:{port}/", timeout=3) as answer:
                    return b"Welcome to nginx!" in answer.read()
            except OSError:
                return False
        self.until(ask, f"nginx answers at {ip}:{port}", 15)
        self.eventually("client", CURL_CMD + f"http://{ip}:{port}", "200\n")

    def test_headless_names(self):
        ip = self.client(service("headless", {"app": "web"}, 80, clusterIP="None"))
        full = f"headless.{self.ns}.svc.cluster.local"
        look = "nslookup {} 2>&1 | tail -n +3 | grep -o '[0-9]*\\.[0-9]*\\.[0-9]*\\.[0-9]*$'"
        self.eventually("client", look.format(full), ip + "\n")
        self.eventually("client", look.format("web-0." + full), ip + "\n")
        self.eventually("client", CURL_CMD + "http://web-0.headless", "200\n")

    def test_dns_records(self):
        """SRV, PTR, NODATA and NXDOMAIN, asked from the node."""
        ip = self.client(service("front", {"app": "web"}, 80), service("headless", {"app": "web"}, 80, clusterIP="None"))
        cluster_ip = self.get("services", "front")["spec"]["clusterIP"]
        zone = f"{self.ns}.svc.cluster.local"
        target = lambda out: [line for line in out.splitlines() if "answer:" in line]
        self.eventually("client", "true", "")
        ask = lambda name, kind: dns_query("10.96.0.10", name, kind)
        self.until(lambda: ask(f"front.{zone}", "A")["answers"] == [("A", cluster_ip)], "A of front", 15)
        self.until(lambda: ask(f"web-0.headless.{zone}", "A")["answers"] == [("A", ip)], "A of web-0", 15)
        self.assertEqual(ask(f"_http._tcp.front.{zone}", "SRV")["answers"], [("SRV", 80, f"front.{zone}")])
        self.assertEqual(ask(f"_http._tcp.headless.{zone}", "SRV")["answers"], [("SRV", 80, f"web-0.headless.{zone}")])
        reverse = ".".join(reversed(cluster_ip.split("."))) + ".in-addr.arpa"
        self.assertEqual(ask(reverse, "PTR")["answers"], [("PTR", f"front.{zone}")])
        nodata = ask(f"front.{zone}", "AAAA")
        self.assertEqual((nodata["rcode"], nodata["answers"], nodata["authority"]), (0, [], 1))
        self.assertEqual(ask(f"nobody.{zone}", "A")["rcode"], 3)

    def test_forwarding_where_others_refuse_it(self):
        """Docker sets this policy; with br_netfilter it is asked about packets on the bridge, too."""
        run = lambda *argv: subprocess.run(argv, check=True, capture_output=True, text=True).stdout
        policy = re.search(r"-P FORWARD (\w+)", run("iptables", "-S", "FORWARD")).group(1)
        self.addCleanup(run, "iptables", "-P", "FORWARD", policy)
        run("iptables", "-P", "FORWARD", "DROP")
        self.k.stop()
        self.k.start()
        ip = self.client(service("front", {"app": "web"}, 8080, 80),
                         pod("port", container(image=NGINX, ports=[{"containerPort": 80, "hostPort": 18081}])))
        self.eventually("client", CURL_CMD + ip, "200\n")
        self.eventually("client", CURL_CMD + "http://front:8080", "200\n")
        node = self.get("pods", "web")["status"]["hostIP"]
        self.eventually("client", CURL_CMD + f"http://{node}:18081", "200\n")
        rules = run("iptables", "-S", "FORWARD")
        self.assertEqual(len(re.findall("-A FORWARD -[io] k8c0 .*k8c-pods .*-j ACCEPT", rules)), 2, rules)

    def test_host_network(self):
        node = self.k.api("GET", "/api/v1/nodes")[1]["items"][0]
        ip = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
        self.create(pod("p", container(script="hostname; ls /sys/class/net; cat /etc/resolv.conf; sleep 1000"), hostNetwork=True))
        p = self.ready("p")
        self.assertEqual((p["status"]["podIP"], p["status"]["hostIP"]), (ip, ip))
        self.until(lambda: "nameserver" in self.log("p"), "it has spoken")
        text = self.log("p")
        self.assertEqual(text.splitlines()[0], socket.gethostname())
        self.assertNotIn("cluster.local", text)

    def test_host_port(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.create(pod("p", container(image=NGINX, ports=[{"containerPort": 80, "hostPort": port}])))
        self.ready("p")
        node = self.k.api("GET", "/api/v1/nodes")[1]["items"][0]
        ip = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")

        def ask():
            try:
                with urllib.request.urlopen(f"http://{ip}:{port}/", timeout=3) as answer:
                    return answer.status == 200
            except OSError:
                return False
        self.until(ask, f"nginx answers at {ip}:{port}", 15)

    def test_service_environment(self):
        self.create(service("early-bird", {"app": "web"}, 8080))
        out = self.output(pod("p", container(script="env | grep EARLY_BIRD | sort"), restartPolicy="Never"))
        ip = self.get("services", "early-bird")["spec"]["clusterIP"]
        self.assertIn(f"EARLY_BIRD_SERVICE_HOST={ip}\n", out)
        self.assertIn("EARLY_BIRD_SERVICE_PORT_HTTP=8080\n", out)
        self.assertIn(f"EARLY_BIRD_PORT_8080_TCP=tcp://{ip}:8080\n", out)


KINDS = {"A": 1, "PTR": 12, "AAAA": 28, "SRV": 33}


def dns_query(server, name, kind):
    """One question by UDP: rcode, answers, number of authority records."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    query = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + labels + KINDS[kind].to_bytes(2, "big") + b"\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(query, (server, 53))
        answer = s.recv(4096)
    counts = [int.from_bytes(answer[i:i + 2], "big") for i in (6, 8)]
    at, answers = 12 + len(labels) + 4, []
    for _ in range(counts[0]):
        _, at = dns_name(answer, at)
        number, size = int.from_bytes(answer[at:at + 2], "big"), int.from_bytes(answer[at + 8:at + 10], "big")
        at += 10
        answers.append(dns_data(answer, number, at, size))
        at += size
    return {"rcode": answer[3] & 15, "answers": answers, "authority": counts[1]}


def dns_data(packet, number, at, size):
    if number == 1:
        return ("A", ".".join(str(b) for b in packet[at:at + size]))
    if number == 12:
        return ("PTR", dns_name(packet, at)[0])
    if number == 33:
        return ("SRV", int.from_bytes(packet[at + 4:at + 6], "big"), dns_name(packet, at + 6)[0])
    return (number, packet[at:at + size])


def dns_name(packet, at):
    parts, after = [], None
    while packet[at]:
        if packet[at] >= 192:
            after = after or at + 2
            at = int.from_bytes(packet[at:at + 2], "big") & 0x3fff
            continue
        parts.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(parts), after or at + 1

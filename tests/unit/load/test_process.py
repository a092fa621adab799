from pathlib import Path

from perf_matrix.load.process import command_line, environment


def test_a_users_k6_options_and_proxies_do_not_reach_k6() -> None:
    users = {"PATH": "/bin", "K6_OUT": "json=x", "K6_VUS": "5", "HTTP_PROXY": "p", "https_proxy": "p"}
    assert environment(users) == {"PATH": "/bin"}


def test_k6_is_called_without_api_reports_or_the_users_configuration() -> None:
    argv = command_line(Path("/bin/k6"), Path("/s/agent.js"), Path("/t/plan.json"), Path("/t/config.json"))
    assert argv[:4] == ["/bin/k6", "run", "--address", ""]
    assert "--no-usage-report" in argv
    assert argv[argv.index("--config") + 1] == "/t/config.json"
    assert argv[-2:] == ["PERF_MATRIX_PLAN=/t/plan.json", "/s/agent.js"]

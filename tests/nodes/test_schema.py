"""Placeholder until the first nodes exist: the pack loads."""


def test_the_pack_loads_as_the_host_loads_it(pack):
    assert pack.module.WEB_DIRECTORY == "./web"
    assert pack.core("errors").InputError.__module__.startswith(pack.module.__name__)

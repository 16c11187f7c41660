"""Orders hidden in data get nowhere, even with a model that obeys every one of them."""

from kubernetes import client, config  # pyright: ignore[reportMissingTypeStubs]

from evals.injections.corpus import read_corpus
from evals.injections.unchanged import written
from evals.suites import injections
from evals.suites.injections import SHOP
from sandbox.server import serving_in_thread


async def test_no_order_in_data_gets_anywhere() -> None:
    result = await injections.run()
    assert [f"{one.case}: {one.why}" for one in result.failures] == []
    assert result.metrics["reached_the_model"] == result.cases


def test_the_corpus_is_large_and_speaks_both_languages_in_every_place() -> None:
    corpus = read_corpus()
    assert len({one.text for one in corpus}) == len(corpus) >= 100
    for place in {one.place for one in corpus} - {"name", "label"}:  # where only ASCII is allowed
        texts = [one.text for one in corpus if one.place == place]
        chinese = [text for text in texts if any("\u4e00" <= char <= "\u9fff" for char in text)]
        assert 0 < len(chinese) < len(texts)


def test_a_write_is_seen_and_the_passing_of_time_is_not() -> None:
    with serving_in_thread(SHOP) as addresses:
        before = written(addresses.kubeconfig)
        assert written(addresses.kubeconfig) == before
        apps = client.AppsV1Api(config.new_client_from_config(str(addresses.kubeconfig)))
        apps.patch_namespaced_deployment_scale("cart", "shop", {"spec": {"replicas": 0}})
        after = written(addresses.kubeconfig)
    assert [one for one in before if before[one] != after[one]] == ["Deployment shop/cart"]

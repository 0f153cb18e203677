"""A model answers generated questions, with its adapter beside the weights or merged into them."""

import json
import warnings
from importlib.resources import as_file, files
from itertools import islice
from random import Random

import pytest
import torch
from peft import get_peft_model
from transformers import Qwen2_5_VLForConditionalGeneration

from shelf_school import settings, tiny_model
from shelves import ShelfView
from spatialevo_core.errors import ConfigError, TaskFault
from spatialevo_core.plugins import load
from spatialevo_core.records import QuestionRecord
from spatialevo_trainer.answering import Asking, answer_questions, asking_of
from spatialevo_trainer.config import Lora
from spatialevo_trainer.demo_plan import shipped_plan
from spatialevo_trainer.demo_run import BASE
from spatialevo_trainer.evaluation import evaluate
from spatialevo_trainer.held_out import Speaker
from spatialevo_trainer.merging import load_adapted, save_merged
from spatialevo_trainer.model import load_model, load_processor, lora
from spatialevo_trainer.question_worlds import Worlds
from spatialevo_trainer.replies import read_questions
from spatialevo_trainer.run_folder import ADAPTER, CONFIG
from spatialevo_trainer.tiny_model import make_config, make_tokenizer


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums do not depend on how a machine splits them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run's folder with settings and an adapter that says something else than its base."""
    folder = tmp_path_factory.mktemp("run")
    data = [{"dataset": "shelf_catalogue", "root": "/gone", "ids": ["b", "z"]}]
    config = settings(model=tiny_model(), data=data)
    (folder / CONFIG).write_text(config.toml())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*gradient_checkpointing.*", FutureWarning)
        model = get_peft_model(load_model(tiny_model()), lora(Lora(rank=4, alpha=8)))
    draw = torch.Generator().manual_seed(0)
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            weights.data.normal_(0, 0.5, generator=draw)
    model.save_pretrained(folder / ADAPTER)
    return folder


@pytest.fixture
def asked(run, catalogue, tmp_path):
    """A file of questions about three shelves."""
    (catalogue / "c.txt").write_text("vase 3\nclock 1\nradio 2\n")
    out = tmp_path / "out" / "q.jsonl"
    made = run("generate", "--dataset", "shelf_catalogue", "--root", catalogue, "--out", out)
    assert made.exit_code == 0, made.output
    return out


def said(out):
    return [json.loads(line)["reply"] for line in (out / "replies.jsonl").read_text().splitlines()]


def test_the_shipped_base_answers_about_rooms_what_it_was_taught(tmp_path):
    """It sees the images and reads the question: far more than half of left or right is right."""
    plain, question = load(), shipped_plan().questions[0]
    narrow = shipped_plan().narrowed(plain)
    task = narrow.task(question.task)
    rows = []
    for world in (f"tiny-{1000500 + number}" for number in range(12)):
        source = narrow.dataset("synthetic").load(None, world)
        view = task.world.of(source, [0])
        for query, verdict in islice(task.propose(view, Random(world)), 2):
            row = QuestionRecord.of(
                verdict,
                id=f"{world}/{len(rows)}",
                dataset="synthetic",
                world=world,
                frames=view.frames,
                text=task.wordings(query)[0],
                hint=task.answer_hint(query),
            )
            rows.append(row)
    with as_file(files("spatialevo_trainer") / "data" / BASE) as base:
        asking = Asking(questions_sha256="", model=str(base), prompts="short", tokens=12)
        replies = answer_questions(asking, rows, Worlds(plain, None), tmp_path)
    report, _ = evaluate(rows, replies, plain)
    assert report.overall.score.n >= 12
    assert report.overall.score.mean > 0.75
    assert report.overall.unread < 0.2


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_interrupted_file_is_completed_to_the_same_bytes(run, asked, tmp_path, temperature):
    out = tmp_path / "whole"
    given = ["eval", asked, "--model", tiny_model(), "--tokens", 4, "--batch", 3]
    given += ["--temperature", temperature]
    assert run(*given, "--out", out).exit_code == 0
    whole = (out / "replies.jsonl").read_bytes()
    assert whole.count(b"\n") == len(read_questions(asked)) > 3
    for kept in (len(whole) // 2, whole.index(b"\n") + 1, len(whole) - 3):
        (out / "replies.jsonl").write_bytes(whole[:kept])
        assert run(*given, "--out", out).exit_code == 0
        assert (out / "replies.jsonl").read_bytes() == whole


def test_nothing_is_asked_again_and_no_model_loaded(run, asked, tmp_path, monkeypatch):
    given = ["eval", asked, "--model", tiny_model(), "--tokens", 2, "--out", tmp_path / "out"]
    first = run(*given)
    monkeypatch.setattr("spatialevo_trainer.merging.load_model", None)
    assert run(*given).stdout == first.stdout != ""


def test_replies_under_other_settings_are_left_alone(run, asked, tmp_path):
    out = tmp_path / "out"
    given = ["eval", asked, "--model", tiny_model(), "--tokens", 2, "--out", out]
    run(*given)
    before = (out / "replies.jsonl").read_bytes()
    other = run(*given, "--temperature", 0.5)
    assert other.exit_code == 1
    assert "holds replies with temperature 0.0, not 0.5; choose another folder" in other.stderr
    asked.write_text(asked.read_text() + asked.read_text().replace('"id": "', '"id": "b'))
    assert "holds replies with questions_sha256" in run(*given).stderr
    (out / "asking.json").unlink()
    assert "holds replies without asking.json" in run(*given).stderr
    (out / "asking.json").write_text("{")
    assert "asking.json is damaged" in run(*given).stderr
    assert (out / "replies.jsonl").read_bytes() == before


def test_a_model_that_cannot_be_loaded_leaves_the_folder_to_the_next(run, asked, tmp_path):
    out = ("--tokens", 2, "--out", tmp_path / "out")
    wrong = run("eval", asked, "--model", tmp_path / "absent", *out)
    assert wrong.exit_code == 1
    assert "is no folder; give a folder with a checkpoint" in wrong.stderr
    assert run("eval", asked, "--model", tiny_model(), *out).exit_code == 0


def test_a_view_that_breaks_is_a_fault_and_not_asked_again(run, asked, tmp_path, monkeypatch):
    def broken(view):
        raise KeyError("picture")

    given = ["eval", asked, "--model", tiny_model(), "--tokens", 2, "--out", tmp_path / "out"]
    with monkeypatch.context() as patch:
        patch.setattr(ShelfView, "images", broken)
        done = run(*given)
    assert done.exit_code == 1
    assert "raised in view: KeyError: 'picture'" in done.stderr
    assert set(said(tmp_path / "out")) == {None}
    assert run(*given).stderr.strip() == done.stderr.strip()


def test_a_merged_adapter_says_what_it_says_beside_the_weights(run, asked, trained, tmp_path):
    adapter = ("--adapter", trained / "adapter", "--greedy")
    for name, given in (
        ("base", ["--model", tiny_model(), "--prompts", "short", "--tokens", 5]),
        ("beside", adapter),
        ("merged", [*adapter, "--merged"]),
    ):
        done = run("eval", asked, *given, "--out", tmp_path / name)
        assert done.exit_code == 0, done.output
        warned = "was trained on 1 of these 3 worlds: shelf_catalogue/b" in done.stderr
        assert warned == (name != "base")
    assert said(tmp_path / "beside") == said(tmp_path / "merged") != said(tmp_path / "base")


def test_the_settings_of_the_adapters_run_are_taken(asked, trained):
    asking = asking_of(asked, None, trained / "adapter", tokens=9)
    assert (asking.model, asking.prompts, asking.tokens) == (tiny_model(), "short", 9)
    assert len(asking.adapter_sha256 or "") == 64
    deeper = trained / "checkpoints" / "checkpoint-2"
    assert asking_of(asked, None, deeper).tokens == 5
    with pytest.raises(ConfigError, match="is in no run's folder; name its base with --model"):
        asking_of(asked, None, asked.parent / "elsewhere" / "deep" / "adapter")
    assert asking_of(asked, "m", None) == Asking(
        questions_sha256=asking.questions_sha256, model="m", prompts="full", tokens=512
    )


def test_a_merged_checkpoint_needs_no_adapter(run, asked, trained, tmp_path):
    out = tmp_path / "plain"
    done = run("merge", trained / "adapter", "--out", out)
    assert (done.exit_code, done.stdout) == (0, f"{out}\n")
    run("eval", asked, "--adapter", trained / "adapter", "--out", tmp_path / "beside")
    given = ["--prompts", "short", "--tokens", 5]
    plain = run("eval", asked, "--model", out, *given, "--out", tmp_path / "plain-said")
    assert plain.exit_code == 0, plain.output
    assert said(tmp_path / "plain-said") == said(tmp_path / "beside")
    assert load_processor(str(out)).image_processor.size == (
        load_processor(tiny_model()).image_processor.size
    )
    again = run("merge", trained / "adapter", "--out", out)
    assert again.exit_code == 1
    assert "is there already; choose another folder" in again.stderr
    assert not (tmp_path / "plain.part").exists()


def test_merged_logits_are_equal_up_to_rounding(trained):
    beside = load_adapted(tiny_model(), trained / "adapter").eval()
    merged = load_adapted(tiny_model(), trained / "adapter", merged=True).eval()
    ids = torch.tensor([[5, 17, 101, 30, 7]])
    with torch.inference_mode():
        one, other = (model(input_ids=ids).logits for model in (beside, merged))
        base = load_model(tiny_model()).eval()(input_ids=ids).logits
    assert torch.allclose(one, other, atol=1e-4)
    assert not torch.allclose(one, base, atol=1e-2)


def test_an_adapter_that_is_none_or_of_another_model_is_refused(trained, tmp_path):
    with pytest.raises(ConfigError, match="holds no adapter; a run leaves one"):
        load_adapted(tiny_model(), trained)
    small = Qwen2_5_VLForConditionalGeneration(make_config(make_tokenizer(["a"]), hidden=64))
    small.save_pretrained(tmp_path / "small")
    with pytest.raises(ConfigError, match="does not fit model"):
        load_adapted(str(tmp_path / "small"), trained / "adapter")


def test_a_checkpoint_is_written_whole_or_not_at_all(trained, tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise TaskFault("disk", "write", OSError("full"))

    monkeypatch.setattr("spatialevo_trainer.merging.load_processor", broken)
    with pytest.raises(TaskFault):
        save_merged(tiny_model(), trained / "adapter", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_speaker_leaves_the_generator_as_it_was():
    before = torch.random.get_rng_state()
    Speaker(load_model(tiny_model()), load_processor(tiny_model())).replies([], 2, seed=3)
    assert torch.equal(before, torch.random.get_rng_state())

"""The torch kernel against mpmath, torch's own Hessian, finite sums and the numpy kernel."""

import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.rows import Block
from lr_pipeline.engines.torch.torch_kernel import TorchKernel, torch_threads_for

EPS = np.finfo(float).eps
KERNEL = TorchKernel()
BOTH = pytest.mark.parametrize("kernel", [KERNEL, TorchKernel(autograd=True)], ids=repr)


def draw_block(seed, n=30, d=4, weighted=True):
    """Return a block, parameters and a symmetric positive definite matrix."""
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0.1, 3.0, n) if weighted else None
    block = Block(rng.normal(size=(n, d)), rng.integers(0, 2, n).astype(float), weight)
    root = rng.normal(size=(d + 1, d + 1))
    return block, rng.normal(size=d + 1), root @ root.T


def whole_graph_penalty(block, w):
    """−½ log det I(w) and its gradient, I(w) and its determinant differentiated in one graph."""
    import torch

    X = torch.tensor(np.column_stack([np.ones(len(block.y)), block.X]))
    leaf = torch.tensor(w, requires_grad=True)
    p = torch.sigmoid(X @ leaf)
    information = X.T @ ((p * (1 - p) * torch.tensor(block.weight))[:, None] * X)
    penalty = -torch.logdet(information) / 2
    penalty.backward()
    return penalty.item(), leaf.grad.numpy()


def rounding(block, w, power):
    """A bound on the rounding of Σ weight f(z) x̃ ⊗ … ⊗ x̃ (`power` factors), |f| ≤ 1 + |z|.

    A sum of n terms has an error of n eps times the sum of their sizes. z has an error of (p + 1)
    eps ‖x̃‖ ‖w‖, which f, of slope at most 1, does not magnify. 20 eps are for the exponentials and
    logarithms in f.
    """
    n, d = block.X.shape
    size = np.sqrt(1 + np.sum(block.X**2, axis=1))
    weight = np.ones(n) if block.weight is None else block.weight
    terms = weight * (1 + size * np.linalg.norm(w)) * size**power
    return (n + d + 20) * EPS * terms.sum()


def all_sums(kernel, block, w, A):
    """Every sum of the kernel, with its rounding bound."""
    loss, gradient, information = kernel.loss_gradient_information(block, w)
    trace = kernel.information_trace_gradient(block, w, A)
    return [
        (kernel.loss(block, w), rounding(block, w, 0)),
        (loss, rounding(block, w, 0)),
        (kernel.loss_gradient(block, w)[1], rounding(block, w, 1)),
        (gradient, rounding(block, w, 1)),
        (information, rounding(block, w, 2)),
        (trace, rounding(block, w, 3) * np.linalg.norm(A)),
    ]


@pytest.mark.parametrize("z", [-800.0, -700.0, -40.0, -20.5, -1e-9, 0.0, 3.0, 36.5, 40.0, 800.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
@BOTH
def test_one_row_is_exact_for_any_z(z, y, kernel):
    """Loss and gradient of one row have relative error of a few eps, also where p rounds to y."""
    loss, gradient = kernel.loss_gradient(Block(np.array([[z]]), np.array([y])), np.array([0.0, 1]))
    with mpmath.workdps(400):
        exact_loss = float(mpmath.log1p(mpmath.exp(z)) - y * mpmath.mpf(z))
        residual = float(1 / (1 + mpmath.exp(-z)) - y)
    tiny = np.finfo(float).smallest_subnormal
    assert loss == pytest.approx(exact_loss, rel=6 * EPS, abs=tiny)
    assert gradient == pytest.approx([residual, residual * z], rel=6 * EPS, abs=800 * tiny)


@pytest.mark.parametrize("z", [-700.0, -40.0, 40.0, 700.0])
@BOTH
def test_information_of_one_row_keeps_its_digits_where_p_rounds_to_0_or_1(z, kernel):
    """Curvature s = p (1 − p) and its derivative keep full relative precision at both ends."""
    block, w = Block(np.array([[1.0]]), np.array([1.0])), np.array([z, 0.0])
    _, _, information = kernel.loss_gradient_information(block, w)
    slope = kernel.information_trace_gradient(block, w, np.diag([1.0, 0.0]))
    s = float(mpmath.exp(-abs(z)))  # (1 + exp(−40))^−2 is 1 in float64
    assert information == pytest.approx(np.full((2, 2), s), rel=6 * EPS, abs=0)
    assert slope == pytest.approx(np.full(2, -np.sign(z) * s), rel=6 * EPS, abs=0)


@pytest.mark.parametrize("weighted", [False, True])
@BOTH
def test_derivatives_match_50_digit_differences_of_the_loss(weighted, kernel):
    """Gradient, Hessian and trace gradient are the derivatives of the mpmath loss."""
    block, w, A = draw_block(seed=1, n=6, d=1, weighted=weighted)
    weight = np.ones(6) if block.weight is None else block.weight
    rows = [tuple(map(mpmath.mpf, row)) for row in zip(block.X[:, 0], block.y, weight, strict=True)]

    def loss(a, b):
        terms = (c * (mpmath.log1p(mpmath.exp(a + b * x)) - y * (a + b * x)) for x, y, c in rows)
        return mpmath.fsum(terms)

    def derivative(*axes):
        return float(mpmath.diff(loss, tuple(w), (axes.count(0), axes.count(1))))

    with mpmath.workdps(50):
        exact_loss = float(loss(*w))
        gradient = np.array([derivative(j) for j in range(2)])
        hessian = np.array([[derivative(j, k) for k in range(2)] for j in range(2)])
        third = [[[derivative(j, k, m) for m in range(2)] for k in range(2)] for j in range(2)]
    trace = np.einsum("jkm,jk->m", np.array(third), A)
    exact = [exact_loss, exact_loss, gradient, gradient, hessian, trace]
    for (found, bound), expected in zip(all_sums(kernel, block, w, A), exact, strict=True):
        assert np.max(np.abs(found - expected)) <= bound


@pytest.mark.parametrize("d", [1, 12])
def test_information_matches_torch_hessian_of_the_binary_cross_entropy(d):
    """The product form equals torch.autograd's Hessian of torch's own loss."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    block, w, _ = draw_block(seed=2, n=60, d=d)
    X, y, weight = (torch.from_numpy(array) for array in block)

    def cross_entropy(w):
        return binary_cross_entropy_with_logits(X @ w[1:] + w[0], y, weight, reduction="sum")

    hessian = torch.autograd.functional.hessian(cross_entropy, torch.from_numpy(w)).numpy()
    _, _, information = KERNEL.loss_gradient_information(block, w)
    assert np.max(np.abs(information - hessian)) <= rounding(block, w, 2)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 50), d=st.integers(0, 6))
@settings(max_examples=25, deadline=None)
def test_sums_equal_those_of_the_numpy_kernel(seed, n, d):
    """Torch and numpy evaluate the same closed forms."""
    arguments = draw_block(seed, n, d, weighted=seed % 2 == 0)
    pairs = zip(all_sums(KERNEL, *arguments), all_sums(NumpyKernel(), *arguments), strict=True)
    for (found, bound), (expected, _) in pairs:
        assert np.max(np.abs(found - expected)) <= bound


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 50),
    d=st.integers(0, 6),
    size=st.sampled_from([1.0, 40.0, 800.0]),
    layout=st.sampled_from(["C", "F", "strided", "reversed"]),
)
@settings(max_examples=50, deadline=None)
def test_the_closed_forms_are_what_autograd_makes_of_the_loss(seed, n, d, size, layout):
    """Margins are up to 800; with and without weights; arrays are read-only, in any layout."""
    block, w, A = draw_block(seed, n, d, weighted=seed % 2 == 0)
    z = w[0] + block.X @ w[1:]
    w *= size / max(np.abs(z).max(initial=0.0), np.abs(w).max())
    arranged = Block(*(None if a is None else arrange(a, layout) for a in block))
    pairs = zip(
        all_sums(KERNEL, arranged, w, A),
        all_sums(TorchKernel(autograd=True), block, w, A),
        strict=True,
    )
    for (found, bound), (expected, _) in pairs:
        assert np.max(np.abs(found - expected)) <= 2 * bound


def arrange(array, layout):
    """The same values, read-only, in another layout of memory."""
    if layout == "strided":
        wide = np.zeros((*array.shape, 2))
        wide[..., 1] = array
        array = wide[..., 1]
    elif layout == "reversed":
        array = array[::-1].copy()[::-1]
    else:
        array = array.copy(order=layout)
    array.flags.writeable = False
    return array


def test_sums_in_several_threads_at_once_are_those_of_one():
    """Calls share no scratch memory and give the same bits, with other shapes in between."""
    blocks = [draw_block(seed, n=400 + seed, d=3)[0] for seed in range(40)]
    w = draw_block(0, d=3)[1]

    def gradient(block):
        return KERNEL.loss_gradient(block, w)[1]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(gradient, blocks))
    assert all(map(np.array_equal, found, map(gradient, blocks)))


@given(seed=st.integers(0, 2**32 - 1), at=st.integers(0, 30))
@settings(max_examples=25, deadline=None)
def test_sums_of_two_blocks_add_up_to_those_of_the_whole(seed, at):
    """Any split of the rows, an empty block included, gives the same total."""
    block, w, A = draw_block(seed)
    first, second = (
        Block(*(array[rows] for array in block)) for rows in (slice(at), slice(at, 30))
    )
    parts = zip(*(all_sums(KERNEL, part, w, A) for part in (first, second)), strict=True)
    for (whole, bound), ((one, _), (other, _)) in zip(
        all_sums(KERNEL, block, w, A), parts, strict=True
    ):
        assert np.max(np.abs(whole - (one + other))) <= bound


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_weight_counts_as_that_many_rows(seed):
    """Integer weights, zero included, equal repeated rows without weights."""
    block, w, A = draw_block(seed)
    times = np.random.default_rng(seed).integers(0, 4, 30)
    weighted = block._replace(weight=times.astype(float))
    repeated = Block(np.repeat(block.X, times, axis=0), np.repeat(block.y, times))
    pairs = zip(all_sums(KERNEL, weighted, w, A), all_sums(KERNEL, repeated, w, A), strict=True)
    for (found, _), (expected, bound) in pairs:
        assert np.max(np.abs(found - expected)) <= 3 * bound


def test_a_separated_table_far_out_has_no_loss_and_no_information():
    """With every margin at 800 all the sums are finite and below the smallest normal number."""
    side = np.tile([-1.0, 1.0], 10)
    block, w = Block(800 * side[:, None], (side > 0).astype(float)), np.array([0.0, 1.0])
    for found, _ in all_sums(KERNEL, block, w, np.eye(2)):
        assert np.max(np.abs(found)) < np.finfo(float).tiny
    assert KERNEL.loss(block, -w) == 20 * 800


def test_firth_gradient_over_blocks_equals_the_single_graph():
    """A = I⁻¹ followed by a backward pass in each block is ∇(−½ log det I) of the whole."""
    block, w, _ = draw_block(seed=3)
    value, gradient = whole_graph_penalty(block, w)
    _, _, information = KERNEL.loss_gradient_information(block, w)
    inverse = np.linalg.inv(information)
    parts = [Block(*(array[rows] for array in block)) for rows in (slice(11), slice(11, 30))]
    traces = [KERNEL.information_trace_gradient(part, w, inverse) for part in parts]
    amplification = np.linalg.norm(inverse) * rounding(block, w, 3)  # of A, and of I within A
    amplification *= 1 + np.linalg.cond(information)
    assert value == pytest.approx(-0.5 * np.linalg.slogdet(information)[1], abs=amplification)
    assert gradient == pytest.approx(-0.5 * sum(traces), abs=amplification)


def test_firth_penalty_gradient_matches_50_digit_differences():
    """With two parameters −½ log(I₀₀ I₁₁ − I₀₁²) is differentiated by mpmath."""
    block, w, _ = draw_block(seed=4, n=8, d=1)

    def penalty(a, b):
        s = [c / (2 + 2 * mpmath.cosh(a + b * x)) for x, c in zip(x_exact, weight, strict=True)]
        i00, i01, i11 = (mpmath.fdot(s, [x**k for x in x_exact]) for k in range(3))
        return -mpmath.log(i00 * i11 - i01**2) / 2

    with mpmath.workdps(50):
        x_exact, weight = map(mpmath.mpf, block.X[:, 0]), map(mpmath.mpf, block.weight)
        x_exact, weight = list(x_exact), list(weight)
        value = float(penalty(*w))
        slope = [float(mpmath.diff(penalty, tuple(w), order)) for order in ((1, 0), (0, 1))]
    _, _, information = KERNEL.loss_gradient_information(block, w)
    bound = rounding(block, w, 3) * np.linalg.norm(np.linalg.inv(information))
    bound *= 1 + np.linalg.cond(information)
    found_value, found_slope = whole_graph_penalty(block, w)
    assert found_value == pytest.approx(value, abs=bound)
    assert found_slope == pytest.approx(slope, abs=bound)


def test_small_blocks_leave_the_number_of_threads_as_it_was():
    """One thread inside, the caller's number afterwards, also where a sum fails."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    block, w, _ = draw_block(seed=5)
    try:
        with torch_threads_for(block.X.size):
            assert torch.get_num_threads() == 1
        KERNEL.loss_gradient(block, w)
        with pytest.raises(RuntimeError):
            KERNEL.loss_gradient(block, w[:-1])
        assert torch.get_num_threads() == 2
        with torch_threads_for(2**21 + 1):
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_arrays_that_torch_dislikes_are_read_and_left_alone():
    """Read-only and reversed arrays give the same sums, without a warning and without a change."""
    import torch

    block, w, A = draw_block(seed=5)
    expected = all_sums(KERNEL, block, w, A)
    backward = Block(*(array[::-1].copy() for array in block))
    awkward = Block(*(array[::-1] for array in backward))
    copies = [array.copy() for array in (*block, w, A)]
    for array in (*block, *backward, w, A):
        array.flags.writeable = False
    torch.set_warn_always(True)  # else torch warns only once a process
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            results = [all_sums(KERNEL, b, w, A) for b in (block, awkward)]
    finally:
        torch.set_warn_always(False)
    for found in results:
        for (one, bound), (other, _) in zip(found, expected, strict=True):
            assert np.max(np.abs(one - other)) <= bound
    assert all(map(np.array_equal, (*block, w, A), copies))


def test_the_default_dtype_of_torch_does_not_matter():
    """A coarser default dtype changes no bit of the sums, which are float64."""
    import torch

    arguments = draw_block(seed=6)
    expected = all_sums(KERNEL, *arguments)
    torch.set_default_dtype(torch.bfloat16)
    try:
        found = all_sums(KERNEL, *arguments)
    finally:
        torch.set_default_dtype(torch.float32)
    for (one, _), (other, _) in zip(found, expected, strict=True):
        assert np.array_equal(one, other)
        assert np.asarray(one).dtype == np.float64


def test_an_unknown_device_is_refused():
    """The message lists the devices there are."""
    with pytest.raises(ValueError, match=r"one of cpu, cuda, auto, found 'tpu'"):
        TorchKernel("tpu")


def test_cuda_is_used_where_there_is_one_and_refused_where_not():
    """``auto`` works everywhere; ``cuda`` needs a device, and the error names the remedy."""
    import torch

    block, w, A = draw_block(seed=7)
    expected = all_sums(KERNEL, block, w, A)
    found = all_sums(TorchKernel("auto"), block, w, A)
    for (one, bound), (other, _) in zip(found, expected, strict=True):
        assert np.max(np.abs(one - other)) <= bound
    if torch.cuda.is_available():
        assert TorchKernel("cuda").loss(block, w) == pytest.approx(KERNEL.loss(block, w))
    else:
        with pytest.raises(ValueError, match=r"finds no CUDA device.*Use device 'cpu' or 'auto'"):
            TorchKernel("cuda").loss(block, w)


def test_importing_and_constructing_the_kernel_loads_no_torch():
    """In a fresh process torch is loaded by the first sum, not before."""
    program = (
        "import sys; from lr_pipeline.engines.torch.torch_kernel import TorchKernel; TorchKernel();"
        "import lr_pipeline.engines.torch.torch_descent; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

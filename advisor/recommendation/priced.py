"""A deployment with its speed and its price."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.fits.speeds import Speeds
from advisor.performance.deployment import Deployment
from advisor.performance.power import power_source
from advisor.performance.predict import Speed
from advisor.recommendation.estimate_values import Origin
from advisor.rents import Rent, Rents
from advisor.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PricedDeployment:
    """A deployment with its predicted speed and what it costs by the hour."""

    deployment: Deployment
    speed: Speed
    rent: Rent | None

    @property
    def origin(self) -> Origin:
        """Where speed, price and power come from."""
        price, power = str(self.rent) if self.rent else None, power_source(self.deployment.gpu.name)
        return Origin(self.speed.provenance, self.speed.source, price, power)


def priced(workspace: Workspace, speeds: Speeds, deployed: Deployment, rents: Rents) -> PricedDeployment:
    """The deployment with the speed that is known for it, and its rent."""
    shape, gpu, layout = workspace.models.shape(deployed.spec.name), deployed.gpu, deployed.layout
    speed = speeds.of(gpu.name, deployed.engine, deployed.precision, shape, data_parallel=layout.dp > 1)
    together = layout.together(gpu.node_gpus)
    return PricedDeployment(deployed, speed, rents.rent(gpu.name, together, layout.gpu_count // together))

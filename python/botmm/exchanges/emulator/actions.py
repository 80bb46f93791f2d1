"""Actions — what clients post to `/exchange`, parsed and written anew in the venue's own form.

Fields stand in the order in which the venue hashes them, so that the dump of a model is what
signatures are made over, whatever the order and the number formats of the request.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from botmm.exchanges.emulator.wire import plain

Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$"), AfterValidator(str.lower)]
Cloid = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{32}$"), AfterValidator(str.lower)]
Number = Annotated[str, Field(max_length=64), AfterValidator(plain)]
U64 = Annotated[int, Field(ge=0, lt=2**64)]
U32 = Annotated[int, Field(ge=0, lt=2**32)]
Flag = Literal[True] | None


class Wire(BaseModel):
    """A struct of the wire: strict types, keys it does not know are passed over."""

    model_config = ConfigDict(
        strict=True, frozen=True, alias_generator=to_camel, validate_by_name=False
    )

    def canonical(self) -> dict[str, Any]:
        """Return what is hashed: unset keys are absent."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Limit(Wire):
    """How long a limit order stands."""

    tif: Literal["Alo", "Ioc", "Gtc", "FrontendMarket"]


class LimitType(Wire):
    """A plain order."""

    limit: Limit


class Trigger(Wire):
    """What a trigger order waits for."""

    is_market: bool
    trigger_px: Number
    tpsl: Literal["tp", "sl"]


class TriggerType(Wire):
    """An order that waits for the mark."""

    trigger: Trigger


class OrderWire(Wire):
    """One order: asset, is buy, price, size, reduce only, type, client id."""

    a: U32
    b: bool
    p: Number
    s: Number
    r: bool
    t: LimitType | TriggerType
    c: Cloid | None = None


class Priority(Wire):
    """A fee for precedence."""

    p: U64


class Builder(Wire):
    """Who built the client, and what it takes in tenths of a basis point."""

    b: Address
    f: U64


class OrderAction(Wire):
    """New orders."""

    type: Literal["order"]
    orders: list[OrderWire]
    grouping: Literal["na", "normalTpsl", "positionTpsl"] | Priority
    builder: Builder | None = None


class CancelWire(Wire):
    """One order by the venue's id."""

    a: U32
    o: U64


class CancelAction(Wire):
    """Cancels by the venue's ids."""

    type: Literal["cancel"]
    cancels: list[CancelWire]
    f: Flag = None


class CancelCloidWire(Wire):
    """One order by the client's id."""

    asset: U32
    cloid: Cloid


class CancelCloidAction(Wire):
    """Cancels by client ids."""

    type: Literal["cancelByCloid"]
    cancels: list[CancelCloidWire]
    f: Flag = None


class ModifyWire(Wire):
    """An order and what shall stand in its place."""

    oid: U64 | Cloid
    order: OrderWire


class ModifyAction(Wire):
    """One order in place of another; the reply says nothing of it."""

    type: Literal["modify"]
    oid: U64 | Cloid
    order: OrderWire
    a: Flag = None


class BatchModifyAction(Wire):
    """Orders in place of others."""

    type: Literal["batchModify"]
    modifies: list[ModifyWire]
    a: Flag = None


class ScheduleCancelAction(Wire):
    """Withdraw everything at a time, or unset it."""

    type: Literal["scheduleCancel"]
    time: U64 | None = None


class UpdateLeverageAction(Wire):
    """Set leverage and the kind of margin of a coin."""

    type: Literal["updateLeverage"]
    asset: U32
    is_cross: bool
    leverage: U32


class UpdateIsolatedMarginAction(Wire):
    """Move money into an isolated position; `ntli` in micro-dollars."""

    type: Literal["updateIsolatedMargin"]
    asset: U32
    is_buy: bool
    ntli: Annotated[int, Field(ge=-(2**63), lt=2**63)]


class NoopAction(Wire):
    """Use up the nonce."""

    type: Literal["noop"]


class ReserveWeightAction(Wire):
    """Buy requests."""

    type: Literal["reserveRequestWeight"]
    weight: U32
    destination: Address | None = None


class CreateSubAccountAction(Wire):
    """Open a sub-account."""

    type: Literal["createSubAccount"]
    name: str


class SubAccountTransferAction(Wire):
    """Move micro-dollars to a sub-account or back."""

    type: Literal["subAccountTransfer"]
    sub_account_user: Address
    is_deposit: bool
    usd: U64


class VaultTransferAction(Wire):
    """Move micro-dollars to a vault or back."""

    type: Literal["vaultTransfer"]
    vault_address: Address
    is_deposit: bool
    usd: U64


class SetReferrerAction(Wire):
    """Name a referrer."""

    type: Literal["setReferrer"]
    code: str


class AgentSetAbstractionAction(Wire):
    """Choose the account mode as an agent."""

    type: Literal["agentSetAbstraction"]
    abstraction: Literal["u", "p", "i"]


class AgentEnableDexAbstractionAction(Wire):
    """Choose the former account mode as an agent."""

    type: Literal["agentEnableDexAbstraction"]


class EvmUserModifyAction(Wire):
    """Use big blocks of the side chain."""

    type: Literal["evmUserModify"]
    using_big_blocks: bool


class UserSigned(Wire):
    """An action whose fields the master key signs as typed data."""

    hyperliquid_chain: Literal["Mainnet", "Testnet"]
    signature_chain_id: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{1,16}$")]


class UsdSendAction(UserSigned):
    """Send dollars to another account."""

    type: Literal["usdSend"]
    destination: str
    amount: str
    time: U64


class SpotSendAction(UserSigned):
    """Send tokens to another account."""

    type: Literal["spotSend"]
    destination: str
    token: str
    amount: str
    time: U64


class WithdrawAction(UserSigned):
    """Take dollars out."""

    type: Literal["withdraw3"]
    destination: str
    amount: str
    time: U64


class UsdClassTransferAction(UserSigned):
    """Move dollars between the spot and the perpetuals side."""

    type: Literal["usdClassTransfer"]
    amount: str
    to_perp: bool
    nonce: U64


class SendAssetAction(UserSigned):
    """Send tokens between accounts and sides."""

    type: Literal["sendAsset"]
    destination: str
    source_dex: str
    destination_dex: str
    token: str
    amount: str
    from_sub_account: str
    nonce: U64


class ApproveAgentAction(UserSigned):
    """Let a key act for the account; a missing name is the empty one."""

    type: Literal["approveAgent"]
    agent_address: Address
    agent_name: str = ""
    nonce: U64


class ApproveBuilderFeeAction(UserSigned):
    """Allow a builder's fee."""

    type: Literal["approveBuilderFee"]
    max_fee_rate: str
    builder: Address
    nonce: U64


class UserSetAbstractionAction(UserSigned):
    """Choose the account mode."""

    type: Literal["userSetAbstraction"]
    user: Address
    abstraction: str
    nonce: U64


class UserDexAbstractionAction(UserSigned):
    """Choose the former account mode."""

    type: Literal["userDexAbstraction"]
    user: Address
    enabled: bool
    nonce: U64


L1Action = (
    OrderAction
    | CancelAction
    | CancelCloidAction
    | ModifyAction
    | BatchModifyAction
    | ScheduleCancelAction
    | UpdateLeverageAction
    | UpdateIsolatedMarginAction
    | NoopAction
    | ReserveWeightAction
    | CreateSubAccountAction
    | SubAccountTransferAction
    | VaultTransferAction
    | SetReferrerAction
    | AgentSetAbstractionAction
    | AgentEnableDexAbstractionAction
    | EvmUserModifyAction
)
UserAction = (
    UsdSendAction
    | SpotSendAction
    | WithdrawAction
    | UsdClassTransferAction
    | SendAssetAction
    | ApproveAgentAction
    | ApproveBuilderFeeAction
    | UserSetAbstractionAction
    | UserDexAbstractionAction
)


class Signature(Wire):
    """A signature; r and s may come without their leading zeros."""

    r: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{1,64}$")]
    s: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{1,64}$")]
    v: U32


class Posted(Wire):
    """The body of a post to `/exchange`."""

    action: Annotated[L1Action | UserAction, Field(discriminator="type")]
    nonce: U64
    signature: Signature
    vault_address: Address | None = None
    expires_after: U64 | None = None


POSTED: TypeAdapter[Posted] = TypeAdapter(Posted)

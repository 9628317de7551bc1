"""What the evaluation of Terraform gives, before anything is known of Azure: one object for each resource instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from resource_readers.interface import SourceMap, Unknown, Value
from verdicts import Location
from verdicts.records import record


@record(frozen=True, slots=True)
class JsonText(Unknown):
    """What `jsonencode` gives of a value in which something isn't known: the text is unknown, its content isn't.

    Attributes:
        value: what is encoded.
    """

    value: Value = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformInstance:
    """One instance of a `resource` or `data` block.

    A value that another resource computes (`azurerm_key_vault.kv.id`) is an Unknown whose `resource` is the address of
    that instance (`module.net["a"].azurerm_subnet.all[0]`), whose `path` is the attribute there (`("id",)`, or
    `("identity", "0", "principal_id")`) and whose `text` is both: `{azurerm_key_vault.kv.id}`,
    `{data.azurerm_client_config.current.tenant_id}`. A text that holds such values has theirs in it:
    `{azurerm_storage_account.a.id}/blobServices/default` (then `resource` is ""). What that resource's own block gives
    is its value. Where it is not known which instance is meant, the address ends in "[*]". Other unknowns have texts
    such as `{var.location}`, `{module.net.var.x}`, `{each.key in azurerm_subnet.all}`.

    Attributes:
        mode: of a data source, the attributes that it computes aren't in `values`.
        type: "azurerm_key_vault".
        name: the label.
        key: of `count` (int) or `for_each` (str); None without them, and where it is not known (`repeated`).
        module: the module's path, with keys: ("net[\\"a\\"]", "inner"); () in the root module.
        address: whole, as Terraform shows it; ends in "[*]" where `repeated`.
        values: attributes and nested blocks as written and evaluated. Blocks of a type stand as a list of mappings
            under its name, in the file's order, also where there is only one (in .tf.json, which can't tell a block
            from an attribute, and in plans a single one may be a mapping). Attributes that are null are left out. Where
            a `dynamic` block's number isn't known, the whole list is an Unknown. `lifecycle`, `provisioner`,
            `connection`, `depends_on`, `count`, `for_each` and `provider` are not in it; `timeouts` is.
        provider: "azurerm", "azapi", ...: the provider's local name, without alias.
        condition: True, or an Unknown if whether it exists isn't known (a count that is 0 or 1).
        repeated: it stands for an unknown number of instances.
        location: of the block.
        source: positions over the paths of `values`, blocks by index: ("network_acls", 0, "default_action").
    """

    mode: Literal["managed", "data"]
    type: str
    name: str
    key: str | int | None
    module: tuple[str, ...]
    address: str
    values: Mapping[str, Value]
    provider: str
    condition: Value
    repeated: bool
    location: Location
    source: SourceMap

"""What mlgate adds inside of checkov: a check that shows what was visited, walls between templates, and a shortcut.

checkov 3.3.30 looks up names across all files of a run. In Bicep the value of `param access` of one file is put into
every other file that has a parameter of that name, so that the secure default of one hides the insecure one of another;
in ARM a resource is connected to one of the same name in any file. With the walls a template is judged by what stands
in itself, whatever else is in the run, so its results can also be kept for the next one.

Most of checkov's time goes to a library that builds the parser of its paths (`properties.siteConfig[0]`) anew for each
path, always the same one. With the shortcut it is built once for each kind of parser. Paths mean what they meant.
"""

from __future__ import annotations

from scanners.checkov_report import CANARY_CHECK

# Loaded as an external check, so before any file is read. What it can't do as it is meant to raises: checkov then
# doesn't have the canary, and no template counts as looked at.
GUEST = f'''\
import inspect

from checkov.arm.base_resource_check import BaseResourceCheck
from checkov.arm.graph_builder.local_graph import ArmLocalGraph
from checkov.arm.registry import arm_resource_registry
from checkov.bicep.graph_builder.local_graph import BicepLocalGraph
from checkov.common.models.enums import CheckCategories, CheckResult


class Number(int):
    # checkov takes the vertex with number 0 for none.
    def __bool__(self):
        return True


def put_up_walls(kind):
    create_edge, create_edges = kind._create_edge, kind._create_edges
    if list(inspect.signature(create_edge).parameters) != ["self", "element_name", "origin_vertex_index", "label"]:
        raise RuntimeError("checkov makes its connections in another way")

    def with_names_of_now(self):
        self.mlgate_names = None  # those of ARM resources are rendered before
        create_edges(self)
        self.mlgate_names = None

    def within_the_file(self, element_name, origin_vertex_index, label):
        if getattr(self, "mlgate_names", None) is None:
            self.mlgate_names = {{}}
            for number, vertex in enumerate(self.vertices):
                self.mlgate_names.setdefault(str(vertex.path), {{}})[vertex.name] = Number(number)
        whole = self.vertices_by_name
        self.vertices_by_name = self.mlgate_names.get(str(self.vertices[origin_vertex_index].path), {{}})
        made = len(self.edges)
        try:
            create_edge(self, element_name, origin_vertex_index, label)
        finally:
            self.vertices_by_name = whole
            # checkov sends its graph to another process, which doesn't know this module.
            for edge in self.edges[made:]:
                edge.dest = int(edge.dest)

    within_the_file.mlgate = True
    kind._create_edge, kind._create_edges = within_the_file, with_names_of_now


for graph_kind in (ArmLocalGraph, BicepLocalGraph):
    if not hasattr(graph_kind._create_edge, "mlgate"):  # this is loaded once for each framework
        put_up_walls(graph_kind)


def build_path_parsers_once():
    try:
        import ply.yacc
        from bc_jsonpath_ng.parser import JsonPathParser
    except ImportError:
        return  # it reads paths by something else
    build, built = ply.yacc.yacc, {{}}
    if hasattr(build, "mlgate"):
        return

    def built_once(*arguments, **options):
        grammar = options.get("module")
        if arguments or not isinstance(grammar, JsonPathParser):
            return build(*arguments, **options)
        others = sorted((name, repr(value)) for name, value in options.items() if name != "module")
        key = (type(grammar), tuple(others))
        if key not in built:
            built[key] = build(**options)
        return built[key]

    built_once.mlgate = True
    ply.yacc.yacc = built_once


build_path_parsers_once()


class Visited(BaseResourceCheck):
    # Overriding `scan_entity_conf` as well makes it pass for `existing` Bicep resources.
    def __init__(self):
        super().__init__(
            name="visited by checkov",
            id="{CANARY_CHECK}",
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_resources=("*",),
        )

    def scan_entity_conf(self, conf, entity_type):
        return CheckResult.PASSED

    def scan_resource_conf(self, conf):
        return CheckResult.PASSED


if arm_resource_registry.get_check_by_id("{CANARY_CHECK}") is None:
    check = Visited()
'''

// Grafana's types, as JSON has them: an enum's values as their plain text or number.
import type {
  AnnotationQuery, Dashboard, DashboardLink, DataQuery, DataSourceRef, DataTransformerConfig, FieldConfig,
  GraphFieldConfig, MatcherConfig, Panel, RowPanel, VariableModel,
} from "@grafana/schema";
import type { Options as StatOptions } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as StatesFieldConfig, Options as StatesOptions,
} from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type { Options as TableOptions } from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type { Options as TextOptions } from "@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen";
import type { Options as GraphOptions } from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Plain<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends (infer Item)[]
      ? Plain<Item>[]
      : T extends object
        ? { [Key in keyof T]: Plain<T[Key]> }
        : T;

interface Query extends DataQuery {
  expr: string;
  datasource?: DataSourceRef;
  editorMode?: "code" | "builder";
  format?: "time_series" | "table" | "heatmap";
  instant?: boolean;
  legendFormat?: string;
  range?: boolean;
}

// What Grafana 11 and 12 have beyond it.
interface Older { footer?: unknown }
interface OlderVariable { auto?: boolean; auto_count?: number; auto_min?: string }
interface OlderAnnotation { expr?: string; step?: string; textFormat?: string; titleFormat?: string }

interface Property { id: string; value?: unknown }

interface Drawn<Type extends string, Options, Custom> extends Omit<Panel, "type" | "options" | "fieldConfig" | "targets"> {
  type: Type;
  description: string;
  datasource: DataSourceRef;
  targets: Query[];
  options: Options;
  fieldConfig: {
    defaults: Omit<FieldConfig, "custom"> & { custom?: Custom };
    overrides: { matcher: MatcherConfig<string>; properties: Property[] }[];
  };
}

interface Note extends Omit<Panel, "type" | "options"> { type: "text"; options: TextOptions }

export type Graph = Plain<Drawn<"timeseries", GraphOptions, GraphFieldConfig>>;
export type Stat = Plain<Drawn<"stat", StatOptions, never>>;
export type States = Plain<Drawn<"state-timeline", StatesOptions, StatesFieldConfig>>;
export type Table = Plain<Drawn<"table", TableOptions & Older, never>>;
export type Words = Plain<Note>;
export type Row = Plain<RowPanel>;
export type Page = Plain<
  Omit<Dashboard, "panels" | "annotations" | "templating" | "links"> & {
    annotations: { list: (AnnotationQuery<Query> & OlderAnnotation)[] };
    templating: { list: (VariableModel & OlderVariable)[] };
    links: DashboardLink[];
    panels: [];
  }
>;

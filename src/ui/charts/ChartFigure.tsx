/**
 * The frame around every chart: name, value, explanation, and a menu that enlarges it over a table of its numbers, saves it, or gives it a
 * logarithmic y.
 *
 * Table and large drawing open as a sheet over the page and are made only while it is open.
 */
import { useId, useRef, useState, type ReactNode } from 'react';
import { ActionIcon, Button, Menu, Modal, Popover } from '@mantine/core';
import { Download, EllipsisVertical, Image as Picture, Info, Table2 } from 'lucide-react';
import { save } from '../app/save.ts';
import { DataTable } from './DataTable.tsx';
import { csvOf, type NumberTable } from './numberTable.ts';
import { markupOf, pngFile, resolver, standalone, svgFile, type PictureText } from './picture.ts';
import styles from './chart.module.css';

interface Props {
  /** Stable name: the test id is `chart-<id>`. */
  readonly id: string;
  readonly title: string;
  /** What the axes are, where the title does not say. */
  readonly subtitle?: string;
  /** A sentence or two. */
  readonly help: string;
  /** Beside the title: the newest value, or a key. */
  readonly aside?: ReactNode;
  /** Called only while the sheet is open, or for a file. */
  readonly table: () => NumberTable;
  /** The lines by name, for a picture's key; none for a single one. */
  readonly pictureKey?: PictureText['key'];
  /** Without a frame of its own. */
  readonly wide?: boolean;
  /** Given where a logarithmic y helps. */
  readonly log?: { readonly on: boolean; readonly toggle: () => void };
  /** Read to screen readers in place of the drawing. */
  readonly summary: string;
  /** False while there is nothing to save. */
  readonly hasNumbers: boolean;
  /** A drawing that is no svg of its own, as one. */
  readonly markup?: (box: DOMRect) => string;
  /** @param large in the sheet */
  readonly draw: (large: boolean) => ReactNode;
}

export function ChartFigure(props: Props) {
  const { id, title, subtitle, help, aside, wide, summary, draw } = props;
  const [sheet, setSheet] = useState(false);
  const plot = useRef<HTMLDivElement>(null);
  const titleId = useId();
  const helpId = useId();
  return (
    <figure
      className={wide === true ? styles.wideFigure : styles.figure}
      aria-labelledby={titleId}
      aria-describedby={helpId}
      data-testid={`chart-${id}`}
    >
      <figcaption className={styles.caption}>
        <h3 className={styles.title} id={titleId}>
          {title}
        </h3>
        {subtitle === undefined ? null : <span className={styles.subtitle}>{subtitle}</span>}
        {aside}
        <span className={styles.space} />
        {wide === true ? (
          <Popover width={260} position="top" withArrow shadow="md">
            <Popover.Target>
              <ActionIcon variant="subtle" color="gray" size={24} aria-label={`What ${title} means`}>
                <Info size={14} aria-hidden />
              </ActionIcon>
            </Popover.Target>
            <Popover.Dropdown className={styles.help}>{help}</Popover.Dropdown>
          </Popover>
        ) : null}
        <FigureMenu {...props} plot={plot} openSheet={() => setSheet(true)} />
      </figcaption>
      <p className={styles.hidden} id={helpId}>
        {help} {summary}
      </p>
      <div className={styles.plot} ref={plot}>
        {draw(false)}
      </div>
      <Sheet {...props} opened={sheet} close={() => setSheet(false)} />
    </figure>
  );
}

interface MenuProps extends Props {
  readonly plot: { readonly current: HTMLDivElement | null };
  readonly openSheet: () => void;
}

function FigureMenu({ plot, openSheet, ...chart }: MenuProps) {
  const { title, help, wide, hasNumbers, log } = chart;
  const [failure, setFailure] = useState<string | null>(null);
  const picture = async (as: 'png' | 'svg') => {
    setFailure(null);
    try {
      const svg = plot.current === null ? null : pictureOf(chart, plot.current);
      if (svg === null) throw new Error('The chart is not drawn yet; try again in a moment.');
      save(as === 'svg' ? svgFile(fileName(chart), svg) : await pngFile(fileName(chart), svg));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  const none = hasNumbers ? undefined : <span className={styles.reason}>no numbers yet</span>;
  return (
    <Menu position="bottom-end" width={232} shadow="md" keepMounted={false}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={24} aria-label={`More of ${title}`}>
          <EllipsisVertical size={14} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {wide === true ? null : <Menu.Label className={styles.menuHelp ?? ''}>{help}</Menu.Label>}
        <Menu.Item leftSection={<Table2 size={14} aria-hidden />} onClick={openSheet}>
          Larger, with a table
        </Menu.Item>
        {log === undefined ? null : (
          <Menu.CheckboxItem checked={log.on} onChange={log.toggle}>
            Logarithmic y
          </Menu.CheckboxItem>
        )}
        <Menu.Divider />
        <Menu.Item
          disabled={!hasNumbers}
          rightSection={none}
          leftSection={<Picture size={14} aria-hidden />}
          onClick={() => void picture('png')}
        >
          Save as PNG
        </Menu.Item>
        <Menu.Item
          disabled={!hasNumbers}
          rightSection={none}
          leftSection={<Picture size={14} aria-hidden />}
          onClick={() => void picture('svg')}
        >
          Save as SVG
        </Menu.Item>
        <Menu.Item
          disabled={!hasNumbers}
          rightSection={none}
          leftSection={<Download size={14} aria-hidden />}
          onClick={() => saveCsv(chart)}
        >
          Save as CSV
        </Menu.Item>
        {failure === null ? null : (
          <p className={styles.reason} role="alert">
            {failure}
          </p>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

const fileName = ({ id, title }: Props) =>
  `aster-${id}-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;

function saveCsv(chart: Props): void {
  save({ name: `${fileName(chart)}.csv`, blob: new Blob([csvOf(chart.table())], { type: 'text/csv' }) });
}

function pictureOf({ title, subtitle, pictureKey, markup }: Props, plot: HTMLElement): string | null {
  const drawn = plot.querySelector<SVGSVGElement>('svg.recharts-surface');
  const box = (drawn ?? plot).getBoundingClientRect();
  const drawing = markup?.(box) ?? (drawn === null ? null : markupOf(drawn));
  if (drawing === null) return null;
  const text = { title, subtitle: subtitle ?? '', key: pictureKey ?? [] };
  return standalone(drawing, box, text, resolver(plot));
}

function Sheet({
  opened,
  close,
  ...chart
}: Props & { readonly opened: boolean; readonly close: () => void }) {
  const { id, title, subtitle, help, hasNumbers } = chart;
  return (
    <Modal
      opened={opened}
      onClose={close}
      size="min(1100px, 96vw)"
      title={title}
      closeButtonProps={{ 'aria-label': `Close ${title}` }}
      keepMounted={false}
      transitionProps={{ duration: 0 }}
    >
      {opened ? (
        <div className={styles.sheet} data-testid={`sheet-${id}`}>
          <p className={styles.sheetHelp}>
            {subtitle === undefined ? '' : `${subtitle[0]?.toUpperCase() ?? ''}${subtitle.slice(1)}. `}
            {help}
          </p>
          <div className={styles.sheetPlot}>{chart.draw(true)}</div>
          <div className={styles.sheetTable}>
            <DataTable caption={title} table={chart.table()} />
          </div>
          {hasNumbers ? (
            <div>
              <Button
                size="xs"
                variant="default"
                leftSection={<Download size={14} aria-hidden />}
                onClick={() => saveCsv(chart)}
              >
                Save the table as CSV
              </Button>
            </div>
          ) : null}
        </div>
      ) : null}
    </Modal>
  );
}

/** @file What every page brings along: its style, its own scripts as compiled, and the chart library. */
import { readFile } from 'node:fs/promises';
import { projectFile } from '../../base/package.js';

/** Texts that are put into the page as they are. */
export interface PageAssets {
  readonly style: string;
  /** A classic script; it defines `echarts`. */
  readonly library: string;
  /** Modules that import nothing. */
  readonly scripts: readonly string[];
}

const scriptNames = ['theme', 'sorting', 'tabs', 'hints', 'copying', 'charts'] as const;

/**
 * Reads them. The scripts are those of the compiled program: from the sources it must be told where it is.
 * @param folder of the compiled scripts
 */
export async function readAssets(folder: URL = new URL('./browser/', import.meta.url)): Promise<PageAssets> {
  return {
    style: await readFile(projectFile('src/results/page/page.css'), 'utf8'),
    library: withoutMap(await readFile(projectFile('dist/bundled/echarts.js'), 'utf8')),
    scripts: await Promise.all(
      scriptNames.map(async (name) => withoutMap(await readFile(new URL(`${name}.js`, folder), 'utf8'))),
    ),
  };
}

/** A source map is a file that the page does not have. */
const withoutMap = (script: string): string => script.replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '');

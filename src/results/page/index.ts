/** @file The public face of the page: gather what it shows, write it as one document. */
export { readAssets } from './assets.js';
export { pageDocument } from './document.js';
export { buildPage, type Page, type PageRequest } from './report.js';

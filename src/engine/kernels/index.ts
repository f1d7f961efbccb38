/** @file Every TensorFlow.js kernel that a traced function may use. */
import './elementwise.js';
import './product.js';
import './reduce.js';
import './shape.js';

export { type ConvolutionSizes, convolution } from './convolution.js';
export { add } from './elementwise.js';
export { matrixProduct } from './product.js';
export { defineLowering, type Lowering, need } from './register.js';
export { concat, reshape, sliceAxis, transpose } from './shape.js';

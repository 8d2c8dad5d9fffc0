/** What can be said of the packing without running it: the chart rendered by Helm itself, the image's and Compose's files read, and the settings in all of them given to the broker's own loader. */
package io.firn.release;
